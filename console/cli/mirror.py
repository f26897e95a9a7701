"""`weir mirror`: whether the mirror of Stripe's objects is as it should be."""

import click
from msgspec.structs import astuple

from console.cli.place import with_settings
from console.cli.reading import ask_store
from console.cli.show import Format, example, format_option, show
from console.cli.whose import tenant_of, tenant_option
from console.mirror.core.shown import Doubt
from console.mirror.proof import hash_tables
from console.mirror.reading import list_doubts
from runtime.postgres import connect
from runtime.settings import Settings

_MOST = 1_000


@click.group()
def command() -> None:
    """The mirror of Stripe's objects: what it says in a hash, and what Stripe has to be asked."""


@command.command("hash", epilog=example("weir mirror hash --tenant acme"))
@tenant_option()
@format_option
@with_settings
def hash_(settings: Settings, tenant: str | None, output: Format) -> None:
    """Print one SHA-256 for each table: the same whatever the order and number of deliveries."""
    settings.need("postgres")
    whose = tenant_of(settings, tenant)
    with connect(settings, "mirror", autocommit=True) as connection:
        found = hash_tables(connection, whose)
    show(output, ("table", "rows", "sha256"), found, [one._asdict() for one in found])


@command.command(epilog=example("weir mirror doubts"))
@tenant_option()
@format_option
@with_settings
def doubts(settings: Settings, tenant: str | None, output: Format) -> None:
    """List objects of which Stripe has to be asked: what happened last in a second, the rest of the lines."""
    settings.need("postgres")
    whose = tenant_of(settings, tenant)
    found = ask_store(settings, lambda connection: list_doubts(connection, whose, _MOST))
    show(output, Doubt.__struct_fields__, map(astuple, found), found)
