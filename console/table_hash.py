"""One SHA-256 for what a table says: equal where two tables, of whatever schema, say the same."""

import hashlib
from collections.abc import Iterable
from typing import Final, NamedTuple

from psycopg.sql import SQL, Composable, Composed, Identifier

from runtime.postgres import Connection

_CHUNK: Final = 1_000
#: By bytes, so that no database sorts otherwise.
_BY_BYTES: Final = SQL('{} collate "C"')


class TableHash(NamedTuple):
    """What one table says."""

    table: str
    rows: int
    sha256: str


def hash_rows(
    connection: Connection, table: str, statement: Composed, values: dict[str, object] | None = None
) -> TableHash:
    """Return the hash of *table* by the texts of its rows that *statement* finds, in their order."""
    rows, digest = 0, hashlib.sha256()
    # A cursor of the server: a table may be larger than memory.
    with connection.transaction(), connection.cursor("hashed") as cursor:
        cursor.itersize = _CHUNK
        cursor.execute(statement, values)
        for (text,) in cursor:
            rows += 1
            digest.update(text.encode() + b"\n")
    return TableHash(table, rows, digest.hexdigest())


def order_of(texts: Iterable[str], numbers: Iterable[str] = ()) -> Composable:
    """Return the columns of an `order by` that is the same everywhere."""
    columns = [_BY_BYTES.format(Identifier(name)) for name in texts]
    return SQL(", ").join([*columns, *map(Identifier, numbers)])
