"""`weir reconcile usage`: makes the books of a span and says whether they balance."""

import tempfile
from pathlib import Path
from typing import Final

from console.books.archive import Archive
from console.books.core.entries import Finding, Sheet, Span
from console.books.core.manifest import ArchiveFile, holes, lost, next_offsets
from console.books.desk import Desk
from console.books.log_side import Law, LogSide
from console.books.sheet import MOST_LISTED, Beside, compare
from console.books.store_side import Snapshot, take_snapshot
from console.books.tail import Tail
from console.catalog.current import current_catalog
from runtime.settings import Settings
from schemas.catalog import Catalog
from schemas.instant import HOUR_MS, SECOND_MS
from schemas.stamp import stamp_of
from schemas.topics import USAGE

#: A quick look compares a copy with what was archived this long before its span.
LOOK_BACK_MS: Final = 48 * HOUR_MS


def reconcile_usage(settings: Settings, span: Span, *, full: bool = False) -> Sheet:
    """Return the balance sheet of *span*, recounted now.

    A span with a beginning is first looked at with the files of the two days before it, which is
    enough for nearly every copy; a gap is only ever reported after the whole log was recounted.
    *full*: recount the whole log at once. Raises TryAgain, Misconfigured.
    """
    catalog = current_catalog(settings)
    if not full and span.from_ms is not None:
        sheet = _make(settings, span, catalog, files_since_ms=span.from_ms - LOOK_BACK_MS)
        if sheet.gap == 0:
            return sheet
    return _make(settings, span, catalog, files_since_ms=None)


def _make(settings: Settings, span: Span, catalog: Catalog, files_since_ms: int | None) -> Sheet:
    with tempfile.TemporaryDirectory(prefix="weir-books-") as folder:
        desk = Desk(Path(folder))
        try:
            return _balance(desk, settings, span, catalog, files_since_ms)
        finally:
            desk.close()


def _balance(
    desk: Desk, settings: Settings, span: Span, catalog: Catalog, files_since_ms: int | None
) -> Sheet:
    desk.run("make_sketches")
    snapshot = take_snapshot(settings, desk, span, catalog)
    findings = [*holes(snapshot.files), *lost(snapshot.lost)]
    findings += _lay_out_log(desk, settings, snapshot, files_since_ms)
    log_side = LogSide(desk, _law(settings, snapshot, catalog))
    log_side.recount()
    findings += [_reused(*row) for row in log_side.reused_ids(MOST_LISTED)]
    return compare(desk, span, catalog, Beside(snapshot.as_of_ms, snapshot.rejected, findings))


def _lay_out_log(
    desk: Desk, settings: Settings, snapshot: Snapshot, files_since_ms: int | None
) -> list[Finding]:
    """Make the relation `log` on *desk*, and return what is wrong with where it came from."""
    desk.run("make_tail")
    desk.fill("bounds", ((p.partition, stamp_of(p.generation, p.source_offset)) for p in snapshot.progress))
    archive = Archive(settings.archive)
    checked = archive.check(_recent(snapshot.files, files_since_ms))
    archive.lay_out(desk, checked.readable)
    tail = Tail(settings, snapshot.generation)
    stretches, findings = tail.stretches(next_offsets(snapshot.files, snapshot.generation))
    desk.fill("tail", tail.read(stretches))
    desk.run("make_log")
    return [*checked.findings, *findings]


def _recent(files: list[ArchiveFile], since_ms: int | None) -> list[ArchiveFile]:
    if since_ms is None:
        return files
    return [file for file in files if file.created_at.timestamp() * SECOND_MS >= since_ms]


def _law(settings: Settings, snapshot: Snapshot, catalog: Catalog) -> Law:
    skipped = [(partition, offset) for topic, partition, offset in catalog.skips if topic == USAGE.name]
    horizon_ms = settings.dedupe_horizon_seconds * SECOND_MS
    return Law(catalog, snapshot.partitions or settings.partitions, horizon_ms, skipped)


def _reused(tenant: str, source: str, event_id: str, customers: list[str]) -> Finding:
    return Finding(
        "id_reused",
        f"{tenant} / {source} / {event_id}",
        f"counts once for each of the customers {', '.join(customers)}",
        wrong=False,
    )
