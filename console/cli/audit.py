"""`weir audit`: what people changed."""

import click
import msgspec

from console.audit.reading import Entry, list_entries, read_chain
from console.cli.place import with_settings
from console.cli.reading import instants
from console.cli.run import BAD_ANSWER
from console.cli.show import Format, example, format_option, say, show
from console.control.tenants import find_tenant
from runtime.postgres import connect
from runtime.settings import Settings

#: What a table shows of a value; JSON and CSV have all of it.
_WIDTH = 60


@click.group()
def command() -> None:
    """Audit log: who changed what and when, in a chain that shows what was altered."""


@command.command("list", epilog=example("weir audit list --tenant acme --from 2026-11-01T00:00:00Z"))
@click.option("--tenant", help="Only changes that concern this tenant.")
@click.option("--from", "start", metavar="TIME", help="RFC 3339.")
@click.option("--to", "end", metavar="TIME", help="RFC 3339, exclusive.")
@format_option
@with_settings
def list_(settings: Settings, tenant: str | None, start: str | None, end: str | None, output: Format) -> None:
    """List changes, oldest first, with what was before and what was after."""
    settings.need("postgres")
    from_ms, to_ms = instants(start, end)
    with connect(settings, "audit", autocommit=True) as connection:
        whose = tenant and find_tenant(connection, tenant)
        entries = list_entries(connection, whose, from_ms, to_ms)
    rows = [(*entry[:-2], *(_text(value, output) for value in entry[-2:])) for entry in entries]
    show(output, Entry._fields, rows, [entry._asdict() for entry in entries])


@command.command(epilog=example("weir audit verify", "weir audit verify --head 5d1c…"))
@click.option("--head", default="", help="A head that was noted before; its entry has to be there still.")
@format_option
@with_settings
def verify(settings: Settings, head: str, output: Format) -> int:
    """Recompute the chain; exit 1 if an entry was altered or is missing.

    Prints the chain's head. Entries that were taken from the end show only to who has noted a later head.
    """
    settings.need("postgres")
    with connect(settings, "audit", autocommit=True) as connection:
        chain = read_chain(connection, head.strip().lower())
    show(output, chain._fields, [chain], chain._asdict())
    say(f"the audit log is broken: {chain.fault}" if chain.fault else "the audit log is whole")
    return BAD_ANSWER if chain.fault else 0


def _text(value: object, output: Format) -> str:
    text = "" if value is None else msgspec.json.encode(value).decode()
    return f"{text[:_WIDTH]}…" if output == "table" and len(text) > _WIDTH else text
