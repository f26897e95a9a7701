"""`weir usage`: a customer's usage, straight from PostgreSQL."""

from typing import Final

import click

from console.cli.place import with_settings
from console.cli.reading import ask, span_of, span_options, window_option
from console.cli.show import Format, example, format_option, say, show
from console.cli.whose import tenant_of, tenant_option
from console.usage.core.calendar import Window
from console.usage.reading import Page, Question, Unanswerable, read_usage
from runtime.settings import Settings

#: Of the parts of a question.
_OPTIONS: Final = {"group_by": "--group", "meter": "--meter"}
_COLUMNS = (
    "customer",
    "meter",
    "group",
    "start",
    "end",
    "quantity",
    "error",
    "late_quantity",
    "events",
    "state",
    "unit",
)


@click.command(
    epilog=example("weir usage c-1 --tenant acme --window day", "weir usage c-1 --meter api --group endpoint")
)
@click.argument("customer")
@tenant_option("Whose customer")
@click.option("--meter", help="Only this meter.")
@window_option(Window.HOUR)
@click.option(
    "--group", "group_by", multiple=True, help="Apart by this property of the meter's group_by; repeatable."
)
@click.option(
    "--top",
    type=click.IntRange(1, 1_000),
    help="Only the windows in which most of --meter was used, the largest first.",
)
@span_options
@format_option
@with_settings
def command(  # noqa: PLR0913 -- each is an option of the command
    settings: Settings,
    *,
    customer: str,
    tenant: str | None,
    meter: str | None,
    window: str,
    group_by: tuple[str, ...],
    top: int | None,
    start: str | None,
    end: str | None,
    output: Format,
) -> None:
    """Show the usage of CUSTOMER, and up to when it is complete."""
    chosen = Window(window)
    tenant = tenant_of(settings, tenant)
    labels = tuple(dict.fromkeys(group_by))
    question = Question(tenant, customer, meter, chosen, *span_of(chosen, start, end), labels, top=top)
    try:
        page = ask(settings, lambda connection, moment: read_usage(connection, settings, question, moment))
    except Unanswerable as error:
        raise click.BadParameter(str(error), param_hint=_OPTIONS[error.field]) from None
    _show(page, output)


def _show(page: Page, output: Format) -> None:
    fresh = page.freshness
    rows = [tuple(getattr(usage, column) for column in _COLUMNS) for usage in page.data]
    value = {
        "data": page.data,
        **fresh.stated(),
    }
    show(output, _COLUMNS, rows, value)
    say(f"complete through {fresh.complete_through or 'nothing yet'}")
