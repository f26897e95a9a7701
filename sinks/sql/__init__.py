"""PostgreSQL's side: the schema, its migrations, and the named queries of the sinks."""

from collections.abc import Mapping
from importlib.resources import files

from psycopg.sql import SQL

from runtime.queries import load_queries


def queries() -> Mapping[str, SQL]:
    """Return the queries of all sinks by name."""
    return load_queries(files("sinks.sql") / "queries")


def migrate(dsn: str, revision: str = "head") -> None:
    """Bring the database at *dsn* up to *revision*; does nothing where it is there already.

    All of it happens in one transaction, and callers at the same time wait for each other.
    """
    # Alembic and its engine cost 0.4 s and 30 MB, which only this command needs.
    from sinks.sql import migrator  # noqa: PLC0415

    migrator.upgrade(dsn, revision)


def downgrade(dsn: str, revision: str) -> None:
    """Take the database at *dsn* back down to *revision* ("base" drops everything)."""
    from sinks.sql import migrator  # noqa: PLC0415 - as above

    migrator.downgrade(dsn, revision)


def head() -> str:
    """Return the newest revision of this release."""
    from sinks.sql import migrator  # noqa: PLC0415 - as above

    return migrator.head()
