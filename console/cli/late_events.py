"""`weir late-events`: of what was accepted, how much came in time."""

import click

from console.cli.place import with_settings
from console.cli.reading import ask, span_of, span_options, window_option
from console.cli.show import Format, example, format_option, say, show
from console.cli.whose import tenant_of, tenant_option
from console.ledger.core.merge import Arrivals
from console.ledger.reading import Question, read_ledger
from console.usage.core.calendar import Window
from runtime.settings import Settings


@click.command(
    epilog=example("weir late-events --tenant acme", "weir late-events --window month --format json")
)
@tenant_option("Whose events")
@click.option("--type", "event_type", help="Only events of this type.")
@window_option(Window.DAY)
@span_options
@format_option
@with_settings
def command(
    settings: Settings,
    *,
    tenant: str | None,
    event_type: str | None,
    window: str,
    start: str | None,
    end: str | None,
    output: Format,
) -> None:
    """Show how many of the accepted events came on time, in grace and late, and how many were refused.

    The four add up to `accepted`: all that were no copies, and that a meter measures or that were refused.
    """
    chosen = Window(window)
    question = Question(tenant_of(settings, tenant), event_type, chosen, *span_of(chosen, start, end))
    ledger = ask(settings, lambda connection, moment: read_ledger(connection, settings, question, moment))
    fresh = ledger.freshness
    columns = Arrivals.__struct_fields__
    rows = [tuple(getattr(each, column) for column in columns) for each in ledger.data]
    value = {
        "data": ledger.data,
        **fresh.stated(),
    }
    show(output, columns, rows, value)
    say(f"complete through {fresh.complete_through or 'nothing yet'}")
