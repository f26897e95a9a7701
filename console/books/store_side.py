"""The right side: progress, fates, usage and the archive's manifest, in one snapshot of PostgreSQL."""

from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import IsolationLevel
from psycopg.sql import SQL

from console.books.core.entries import Rejected, Span
from console.books.core.manifest import ArchiveFile, LostRange
from console.books.core.sketches import of_store
from console.books.desk import Desk, statements
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.catalog import Catalog
from schemas.errors import TryAgain

_FIRST_GENERATION: Final = 1


class Progress(NamedTuple):
    """Up to where one partition is in PostgreSQL."""

    partition: int
    generation: int
    source_offset: int
    record_time_ms: int


class Snapshot(NamedTuple):
    """What the store said at one instant, beside the tables store_fates and store_rollups."""

    as_of_ms: int
    progress: list[Progress]
    #: The log that offsets speak of now, and how many partitions it was made with; 0: not recorded.
    generation: int
    partitions: int
    files: list[ArchiveFile]
    lost: list[LostRange]
    rejected: list[Rejected]


def take_snapshot(settings: Settings, desk: Desk, span: Span, catalog: Catalog) -> Snapshot:
    """Copy what PostgreSQL says about *span* to *desk*. Raises TryAgain, Misconfigured."""
    with connect(settings, "books") as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        try:
            return _read(connection, desk, span, catalog)
        except psycopg.OperationalError as error:
            raise TryAgain(f"PostgreSQL went away while the books were read: {error}") from None


def _read(connection: psycopg.Connection[Any], desk: Desk, span: Span, catalog: Catalog) -> Snapshot:
    ((as_of_ms,),) = _rows(connection, "snapshot_instant")
    limits = {"from_ms": span.from_ms, "to_ms": span.to_ms, "tenant": span.tenant}
    for name in ("fates", "rollups"):
        path = desk.folder / f"{name}.csv"
        _copy(connection, f"copy_{name}", limits, path)
        desk.run(f"take_{name}", path=str(path))
        path.unlink()
    meters = {meter.name: meter for version in catalog.meter_sets for meter in version.meters}
    with connection.cursor(name="sketches") as cursor:
        cursor.execute(_query("snapshot_sketches"), limits)
        desk.fill("sketches", of_store(meters, cursor))
    generation, partitions = next(iter(_rows(connection, "snapshot_generation")), (_FIRST_GENERATION, 0))
    return Snapshot(
        as_of_ms,
        [Progress(*row) for row in _rows(connection, "snapshot_progress")],
        generation,
        partitions,
        [ArchiveFile(*row) for row in _rows(connection, "snapshot_files")],
        [LostRange(*row) for row in _rows(connection, "snapshot_lost")],
        [Rejected(*row) for row in _rows(connection, "snapshot_rejected", limits)],
    )


def _rows(
    connection: psycopg.Connection[Any], name: str, values: dict[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    return connection.execute(_query(name), values).fetchall()


def _copy(connection: psycopg.Connection[Any], name: str, values: dict[str, Any], path: Path) -> None:
    with path.open("wb") as file, connection.cursor().copy(_query(name), values) as copy:
        for block in copy:
            file.write(block)


def _query(name: str) -> SQL:
    return statements()[name]
