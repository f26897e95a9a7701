"""An empty schema for what is made once more."""

import re
from collections.abc import Iterable
from typing import Final

from psycopg.sql import SQL, Identifier

from console.queries import queries
from runtime.postgres import Connection
from schemas.errors import Reject

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}", re.ASCII)


def make_room(connection: Connection, schema: str, tables: Iterable[str]) -> None:
    """Make *schema* with empty *tables*; from now on *connection* reads and writes them. Raises Reject."""
    if not _NAME.fullmatch(schema):
        raise Reject(f"{schema!r} is no name of a schema: write lower case letters, digits and _")
    statements = queries(__package__)
    (before,) = connection.execute("show search_path").fetchone() or ("public",)
    exists = connection.execute("select from pg_namespace where nspname = %s", [schema]).fetchone()
    (found,) = connection.execute(statements["tables_in"], {"schema": schema}).fetchone() or (0,)
    if found:
        raise Reject(
            f"the schema {schema} has tables: name one that is empty, or `drop schema {schema} cascade`"
        )
    with connection.transaction():
        if exists is None:
            connection.execute(statements["make_schema"].format(schema=Identifier(schema)))
        for table in tables:
            names = {"schema": Identifier(schema), "table": Identifier(table)}
            connection.execute(statements["make_table"].format(**names))
    path = SQL(", ").join(Identifier(part.strip().strip('"')) for part in before.split(","))
    connection.execute(statements["use_schema"].format(schema=Identifier(schema), before=path))
