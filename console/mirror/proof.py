"""One SHA-256 for each table of the mirror: equal where two mirrors say the same.

How we know something (which event said it last, up to when, at which offset) is left out: that depends on
what came when.
"""

from typing import Final

from psycopg.sql import Identifier

from console.queries import queries
from console.table_hash import TableHash, hash_rows, order_of
from runtime.postgres import Connection
from sinks.mirror.core.tables import TABLES

_APART: Final = ("stamp", "as_of_ms", "event_id", "settled", "deleted_at_ms")

#: Each table with the columns that name a row of a tenant, and what is left out of it.
_HASHED: Final = (
    *((table.name, ("id",), _APART) for table in TABLES.values()),
    *((table.parts.table, (table.parts.owner, "position"), ()) for table in TABLES.values() if table.parts),
    ("stripe_history", ("object_kind", "object_id", "event_id"), ("stamp",)),
)


def mirror_tables() -> list[str]:
    """Return the names of the tables that are hashed."""
    return [table for table, *_ in _HASHED]


def hash_tables(connection: Connection, tenant: str | None) -> list[TableHash]:
    """Return the hash of every table: for one *tenant* (id), without its name; None: for all together."""
    return [_hash(connection, tenant, *each) for each in _HASHED]


def _hash(
    connection: Connection, tenant: str | None, table: str, order: tuple[str, ...], apart: tuple[str, ...]
) -> TableHash:
    numbers = [name for name in order if name == "position"]
    statement = queries(__package__)["hashed"].format(
        table=Identifier(table),
        order=order_of(["tenant", *(name for name in order if name not in numbers)], numbers),
    )
    left_out = list(apart) if tenant is None else ["tenant", *apart]
    return hash_rows(connection, table, statement, {"tenant": tenant, "apart": left_out})
