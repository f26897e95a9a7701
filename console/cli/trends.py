"""`weir trends`: how a customer's usage changes, and where it is highest."""

import time
from typing import Final

import click

from console.cli.place import with_settings
from console.cli.reading import ask, span_of, window_option
from console.cli.show import Format, example, format_option, say, show
from console.cli.whose import tenant_of, tenant_option
from console.usage.core.calendar import Window
from console.usage.core.trend import PEAKS, SIZES_MS, Trend, comparable
from console.usage.reading import Unanswerable
from console.usage.trends import TrendPage, TrendQuestion, read_trends
from runtime.settings import Settings
from schemas.admission import OLDEST_MS
from schemas.errors import Reject

_COLUMNS: Final = (*Trend.__struct_fields__, "peak", "unit")


@click.command(
    epilog=example(
        "weir trends c-1 --meter api --window day",
        "weir trends c-1 --meter api --window hour --from 2026-11-21T00:00:00Z --format csv",
    )
)
@click.argument("customer")
@tenant_option("Whose customer")
@click.option("--meter", required=True, help="Which meter.")
@window_option(Window.DAY, SIZES_MS, "What is compared.")
@click.option(
    "--peaks",
    type=click.IntRange(1, 1_000),
    default=PEAKS,
    show_default=True,
    help="How many of the windows in which most was used get a rank.",
)
@click.option("--from", "start", metavar="TIME", help="RFC 3339, its window included; default: 35 days ago.")
@click.option("--to", "end", metavar="TIME", help="RFC 3339, exclusive; default: now.")
@format_option
@with_settings
def command(  # noqa: PLR0913 -- each is an option of the command
    settings: Settings,
    *,
    customer: str,
    tenant: str | None,
    meter: str,
    window: str,
    peaks: int,
    start: str | None,
    end: str | None,
    output: Format,
) -> None:
    """Show the usage of CUSTOMER by windows: each against the one before, and that of a week before.

    Changes are in per cent; from nothing there are none.
    """
    chosen, now_ms = Window(window), time.time_ns() // 1_000_000
    asked = span_of(chosen, start, end, since_ms=now_ms - OLDEST_MS)
    try:
        span = comparable(chosen, asked, now_ms)
    except Reject as error:
        raise click.BadParameter(str(error), param_hint="--from") from None
    question = TrendQuestion(tenant_of(settings, tenant), customer, meter, chosen, span, peaks)
    try:
        page = ask(settings, lambda connection, moment: read_trends(connection, settings, question, moment))
    except Unanswerable as error:
        raise click.BadParameter(str(error), param_hint=f"--{error.field}") from None
    _show(question, page, output)


def _show(question: TrendQuestion, page: TrendPage, output: Format) -> None:
    fresh = page.freshness
    ranks = {peak.start: rank for rank, peak in enumerate(page.found.peaks, 1)}
    rows = [
        (*(getattr(trend, column) for column in Trend.__struct_fields__), ranks.get(trend.start), page.unit)
        for trend in page.found.data
    ]
    value = {
        "customer": question.customer,
        "meter": question.meter,
        "unit": page.unit,
        "data": page.found.data,
        "peaks": page.found.peaks,
        **fresh.stated(),
    }
    show(output, _COLUMNS, rows, value)
    say(f"complete through {fresh.complete_through or 'nothing yet'}")
