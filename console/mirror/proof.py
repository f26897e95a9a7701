"""One SHA-256 for each table of the mirror: equal where two mirrors say the same.

How we know something (which event said it last, up to when, at which offset) is left out: that depends on
what came when.
"""

import hashlib
from typing import Final, NamedTuple

from psycopg.sql import SQL, Composable, Identifier

from console.queries import queries
from runtime.postgres import Connection
from sinks.mirror.core.tables import TABLES

_APART: Final = ("stamp", "as_of_ms", "event_id", "settled", "deleted_at_ms")
_CHUNK: Final = 1_000

#: Each table with the columns that name a row of a tenant, and what is left out of it.
_HASHED: Final = (
    *((table.name, ("id",), _APART) for table in TABLES.values()),
    *((table.parts.table, (table.parts.owner, "position"), ()) for table in TABLES.values() if table.parts),
    ("stripe_history", ("object_kind", "object_id", "event_id"), ("stamp",)),
)


class TableHash(NamedTuple):
    """What one table says."""

    table: str
    rows: int
    sha256: str


def mirror_tables() -> list[str]:
    """Return the names of the tables that are hashed."""
    return [table for table, *_ in _HASHED]


def hash_tables(connection: Connection, tenant: str | None) -> list[TableHash]:
    """Return the hash of every table: for one *tenant* (id), without its name; None: for all together."""
    return [_hash(connection, tenant, *each) for each in _HASHED]


def _hash(
    connection: Connection, tenant: str | None, table: str, order: tuple[str, ...], apart: tuple[str, ...]
) -> TableHash:
    statement = queries(__package__)["hashed"].format(
        table=Identifier(table), order=SQL(", ").join(map(_column, ("tenant", *order)))
    )
    left_out = list(apart) if tenant is None else ["tenant", *apart]
    rows, digest = 0, hashlib.sha256()
    # A cursor of the server: a table may be larger than memory.
    with connection.transaction(), connection.cursor("hashed") as cursor:
        cursor.itersize = _CHUNK
        cursor.execute(statement, {"tenant": tenant, "apart": left_out})
        for (text,) in cursor:
            rows += 1
            digest.update(text.encode() + b"\n")
    return TableHash(table, rows, digest.hexdigest())


def _column(name: str) -> Composable:
    # By bytes, so that no database sorts otherwise.
    return Identifier(name) if name == "position" else SQL('{} collate "C"').format(Identifier(name))
