"""Runs one numbered .sql file as a step of a migration."""

from importlib.resources import files

from alembic import op

_STEPS = files("sinks.sql") / "migrations" / "versions"


def run(name: str) -> None:
    """Run every statement of the file *name* on the connection of the migration under way."""
    # The driver's own connection: SQLAlchemy would read colons and per cent signs as parameters.
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("a migration runs on an open connection")
    driver.execute((_STEPS / name).read_text())
