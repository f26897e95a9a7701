"""The balance sheet: both sides compared on the desk, and what differs by name."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

from console.books.core.entries import (
    Finding,
    MeterRow,
    Rejected,
    Sheet,
    SheetRow,
    Span,
    hour_text,
    total_gap,
)
from console.books.core.faults import FateDifference, RollupDifference
from console.books.core.meters import Hour, meter_of, meter_row
from console.books.core.sketches import together
from console.books.desk import Desk
from schemas.catalog import Catalog
from schemas.instant import format_instant
from schemas.partial import Partial
from schemas.sketch import Sketch

#: Findings of one kind that are listed; the others are counted.
MOST_LISTED: Final = 50


class Beside(NamedTuple):
    """What stands on the sheet and comes from neither side's rows."""

    as_of_ms: int
    rejected: list[Rejected]
    findings: list[Finding]


def compare(desk: Desk, span: Span, catalog: Catalog, beside: Beside) -> Sheet:
    """Return the sheet of *span* from the tables log_* and store_* on *desk*."""
    desk.define("make_within", from_ms=span.from_ms, to_ms=span.to_ms, tenant=span.tenant)
    desk.run("make_comparison")
    rows = _rows(desk)
    meters = _meters(desk, catalog)
    fates = [FateDifference(*row).finding() for row in desk.rows("fate_findings", most=MOST_LISTED)]
    rollups = [RollupDifference(*row).finding() for row in desk.rows("rollup_findings", most=MOST_LISTED)]
    findings = [*beside.findings, *fates, *rollups]
    ((in_flight,),) = desk.rows("in_flight_total")
    return Sheet(
        as_of=format_instant(beside.as_of_ms),
        rows=rows,
        meters=meters,
        rejected=beside.rejected,
        gap=total_gap(rows, meters, findings),
        in_flight=in_flight,
        findings=findings,
        unlisted={
            **_unlisted(desk, "fates_differ", "count_fate_findings"),
            **_unlisted(desk, "rollups", "count_rollup_findings"),
        },
    )


def _rows(desk: Desk) -> list[SheetRow]:
    return [
        SheetRow(tenant, kind, hour_text(hour_ms), *counts)
        for tenant, kind, hour_ms, *counts in desk.rows("sheet_rows")
    ]


def _meters(desk: Desk, catalog: Catalog) -> list[MeterRow]:
    sketches = _sketches(desk, catalog)
    return [
        meter_row(
            Hour(
                tenant,
                meter,
                hour_ms,
                _partial(logged),
                _partial(stored),
                gap,
                sketches.get(("log", tenant, meter, hour_ms), ()),
                sketches.get(("store", tenant, meter, hour_ms), ()),
            ),
            catalog,
        )
        for tenant, meter, hour_ms, logged, stored, gap in desk.rows("meter_hours")
    ]


def _sketches(desk: Desk, catalog: Catalog) -> dict[tuple[str, str, str, int], list[Sketch]]:
    """Return by side, tenant, meter and hour what all rows keep."""
    found = {}
    for hour, rows in groupby(desk.rows("sketches_of_hours"), key=lambda row: row[:4]):
        side, tenant, name, hour_ms = hour
        kind = meter_of(name, hour_ms, catalog).aggregation.rule.kind
        if kind is not None:
            found[side, tenant, name, hour_ms] = together(kind, (row[4:] for row in rows))
    return found


def _partial(side: Sequence[str | None] | None) -> Partial | None:
    return None if side is None else Partial(*(_integer(text) for text in side))


def _integer(text: str | None) -> int:
    """Return the number; 0 for what somebody made no integer, since a finding names that row."""
    return int(text) if text is not None and text.removeprefix("-").isdigit() else 0


def _unlisted(desk: Desk, kind: str, count: str) -> dict[str, int]:
    ((found,),) = desk.rows(count)
    return {kind: found - MOST_LISTED} if found > MOST_LISTED else {}
