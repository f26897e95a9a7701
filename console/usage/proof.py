"""One SHA-256 for each table of usage: equal where two stores say the same.

When a row was stored is left out. Pages of sketches are hashed put together, as readers take them: one page
may be blurred sooner or later, and a page's stamp may be of a record that said nothing new, as kills had it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final

import msgspec
from psycopg.sql import Identifier

from console.queries import queries
from console.table_hash import TableHash, hash_rows, order_of
from runtime.postgres import Connection
from schemas.catalog import Catalog
from schemas.errors import Reject
from schemas.sketch import Kind, read_window

_ROW: Final = (("tenant", "customer", "meter", "grp"), ("window_start_ms", "arrival_day"))
_SKETCHES: Final = "sketches"
#: Each table that is hashed row by row: its key's texts and numbers.
_HASHED: Final = (
    ("rollups", *_ROW),
    ("fate_counts", ("tenant", "type"), ("hour_ms", "arrival_day", "partition")),
)
_LEFT_OUT: Final = ["stored_at"]
_CHUNK: Final = 1_000

_encode: Final = msgspec.json.Encoder().encode


def usage_tables() -> list[str]:
    """Return the names of the tables that are hashed."""
    return [*(table for table, *_ in _HASHED), _SKETCHES]


def hash_usage(connection: Connection, catalog: Catalog) -> list[TableHash]:
    """Return the hash of every table; the meters of *catalog* tell how sketches are read."""
    statement = queries(__package__)["hashed"]
    hashes = [
        hash_rows(
            connection,
            table,
            statement.format(table=Identifier(table), order=order_of(texts, numbers)),
            {"left_out": _LEFT_OUT},
        )
        for table, texts, numbers in _HASHED
    ]
    return [*hashes, _hash_sketches(connection, catalog)]


def _hash_sketches(connection: Connection, catalog: Catalog) -> TableHash:
    statement = queries(__package__)["hashed_sketches"]
    kinds = {
        meter.name: meter.aggregation.rule.kind for version in catalog.meter_sets for meter in version.meters
    }
    pages, digest = 0, hashlib.sha256()
    with connection.transaction(), connection.cursor("hashed") as cursor:
        cursor.itersize = _CHUNK
        cursor.execute(statement.format(order=order_of(*_ROW)))
        for number, line in _sketches(cursor, kinds):
            pages += number
            digest.update(line + b"\n")
    return TableHash(_SKETCHES, pages, digest.hexdigest())


def _sketches(
    pages: Iterable[tuple[Any, ...]], kinds: Mapping[str, Kind | None]
) -> Iterator[tuple[int, bytes]]:
    """Yield, of each row of usage that has pages, their number, and what they say together."""
    for row, found in groupby(pages, key=lambda page: page[:-2]):
        contents = [(number, content) for *_, number, content in found]
        _, _, meter, *_ = row
        yield len(contents), _encode([*row, _said(kinds.get(meter), contents)])


def _said(kind: Kind | None, contents: list[tuple[int, bytes]]) -> bytes | list[tuple[int, bytes]]:
    """Return what the pages say together; of those that nobody can read, themselves."""
    if kind is None:
        return contents
    try:
        return read_window(kind, contents).encode()
    except Reject:
        return contents
