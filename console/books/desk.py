"""The DuckDB database on which one set of books is made, and thrown away with its folder."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
from psycopg.sql import SQL

from runtime.queries import load_queries

_THREADS: Final = 2
_MEMORY: Final = "1GB"
_ROWS_AT_ONCE: Final = 100_000


class Desk:
    """A database in a folder of its own: what does not fit into memory goes to disk."""

    def __init__(self, folder: Path) -> None:
        """Open an empty database below *folder*."""
        self.folder = folder
        self._database = duckdb.connect(
            str(folder / "books.duckdb"),
            config={
                "threads": _THREADS,
                "memory_limit": _MEMORY,
                "temp_directory": str(folder / "spill"),
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
            },
        )

    @property
    def database(self) -> duckdb.DuckDBPyConnection:
        """The connection, for what has no statement of its own."""
        return self._database

    def define(self, name: str, **texts: str | int | None) -> None:
        """Run the definition *name*: views and macros take no parameters, so `$word`s become literals."""
        statement = statements()[name].as_string()
        for word, value in texts.items():
            statement = statement.replace(f"${word}", literal(value))
        self.execute(statement, {})

    def run(self, name: str, **values: object) -> None:
        """Run the statement *name* with its parameters *values*."""
        self.execute(statements()[name].as_string(), values)

    def rows(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        """Return the rows of the query *name*."""
        return self.execute(statements()[name].as_string(), values).fetchall()

    def execute(self, statement: str, values: Mapping[str, object]) -> duckdb.DuckDBPyConnection:
        """Run *statement*; its answer is valid until the next one runs."""
        return self._database.execute(statement, values or None)

    def fill(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        """Append *rows* to *table*. Numbers beyond 64 bits come as text."""
        batch: list[Sequence[object]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == _ROWS_AT_ONCE:
                self._append(table, batch)
                batch = []
        if batch:
            self._append(table, batch)

    def close(self) -> None:
        """Close the database; the folder is the caller's to remove."""
        self._database.close()

    def _append(self, table: str, rows: list[Sequence[object]]) -> None:
        columns = {f"c{number}": column for number, column in enumerate(zip(*rows, strict=True))}
        self._database.register("filling", pa.table(columns))
        self._database.table("filling").insert_into(table)
        self._database.unregister("filling")


@cache
def statements() -> Mapping[str, SQL]:
    """Return the statements of this package's .sql files by name."""
    return load_queries(files("console.books"))


def literal(value: str | int | None) -> str:
    """Return *value* as SQL text, for the few places that take no parameter."""
    if value is None:
        return "null"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
