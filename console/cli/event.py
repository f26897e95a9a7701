"""`weir event`: what became of one event."""

import click

from console.cli.place import with_settings
from console.cli.show import Format, example, format_option, say, show
from console.cli.whose import tenant_of, tenant_option
from console.events.archive import Wanted
from console.events.core.answer import EventFate
from console.events.look_up import look_up
from runtime.settings import Settings
from schemas.position import parse_position

_COLUMNS = ("fate", "position", "customer", "type", "quantity", "occurred_at", "window", "detail")


@click.command(epilog=example("weir event api e-1 --tenant acme", "weir event api e-1 --format json"))
@click.argument("source")
@click.argument("event_id", metavar="ID")
@tenant_option("Whose event")
@click.option("--customer", help="Of this customer: the same id of another customer is another event.")
@click.option("--position", help="The copy that stands there, such as weir.usage/3/1042/17.")
@format_option
@with_settings
def command(
    settings: Settings,
    *,
    source: str,
    event_id: str,
    tenant: str | None,
    customer: str | None,
    position: str | None,
    output: Format,
) -> None:
    """Show the fate of the event ID of SOURCE: counted, late, duplicate, conflict, unmatched, refused.

    Each copy of it on the log has a line. Nothing is read but the log, the archive and the verdicts.
    """
    at = None if position is None else parse_position(position)
    settings.need("kafka", "postgres")
    wanted = Wanted(tenant_of(settings, tenant), source, event_id, customer)
    found = look_up(settings, wanted, at)
    show(output, _COLUMNS, _rows(found), found)
    say(f"{source} {event_id}: {found.fate}")


def _rows(found: EventFate) -> list[tuple[object, ...]]:
    return [
        (
            copy.fate,
            copy.position,
            copy.customer,
            copy.type,
            copy.quantity,
            copy.occurred_at,
            copy.window and copy.window.start,
            copy.reason or (copy.duplicate_of and f"of {copy.duplicate_of}") or copy.arrival,
        )
        for copy in found.sightings
    ]
