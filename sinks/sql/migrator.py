"""Alembic, run from code: no ini file, one transaction, one migrator at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Final

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

#: Any number will do, as long as every release uses the same.
_LOCK: Final = 7_355_608_001


def upgrade(dsn: str, revision: str) -> None:
    """See `sinks.sql.migrate`."""
    with _migrating(dsn) as config:
        command.upgrade(config, revision)


def downgrade(dsn: str, revision: str) -> None:
    """See `sinks.sql.downgrade`."""
    with _migrating(dsn) as config:
        command.downgrade(config, revision)


def head() -> str:
    """See `sinks.sql.head`."""
    return ScriptDirectory.from_config(_config(None)).get_current_head() or ""


@contextmanager
def _migrating(dsn: str) -> Iterator[Config]:
    # SQLAlchemy does not read all that libpq takes as a DSN, so libpq does the connecting.
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        yield _config(connection)


def _config(connection: Connection | None) -> Config:
    folder = str(files("sinks.sql") / "migrations")
    config = Config()
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
