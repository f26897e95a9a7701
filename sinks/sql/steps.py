"""Runs one numbered .sql file as a step of a migration."""

from importlib.resources import files

from alembic import op

from runtime.postgres import Connection

_STEPS = files("sinks.sql") / "migrations" / "versions"


def run(name: str) -> None:
    """Run every statement of the file *name* on the connection of the migration under way."""
    driver().execute((_STEPS / name).read_bytes())


def driver() -> Connection:
    """Return the connection of the migration under way.

    The driver's own: SQLAlchemy would read colons and per cent signs as parameters.
    """
    found: Connection | None = op.get_bind().connection.driver_connection
    if found is None:
        raise RuntimeError("a migration runs on an open connection")
    return found
