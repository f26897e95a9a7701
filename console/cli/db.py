"""`weir db`: the schema in PostgreSQL."""

import click

from console.cli.place import with_settings
from console.cli.show import example, say
from console.control.reader_login import let_reader_in
from runtime.postgres import connect
from runtime.settings import Settings


@click.group()
def command() -> None:
    """PostgreSQL: the schema."""


@command.command(epilog=example("weir db migrate"))
@with_settings
def migrate(settings: Settings) -> None:
    """Bring the schema up to this release. Running it again changes nothing."""
    from sinks.sql import migrate as run_migrations  # noqa: PLC0415 - Alembic is slow to import

    settings.need("postgres")
    # Alembic's own words for a database that is away fill a screen.
    connect(settings, "migrate").close()
    run_migrations(settings.postgres)
    with connect(settings, "migrate", autocommit=True) as connection:
        let_reader_in(connection, settings)
    say("the schema is that of this release")
