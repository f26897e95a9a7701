"""`weir usage`: a customer's usage, straight from PostgreSQL."""

import asyncio
import time

import click
import psycopg

from console.cli.place import with_settings
from console.cli.show import Format, example, format_option, say, show
from console.cli.whose import tenant_of
from console.usage.core.calendar import Window, widened
from console.usage.core.freshness import LogEnds
from console.usage.log_ends import look
from console.usage.reading import Moment, Page, Question, read_usage
from runtime.broker import Broker
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.instant import parse_instant

#: Before the first event that anyone could have sent, and behind the last one.
_FIRST_MS = 0
_LAST_MS = parse_instant("9999-01-01T00:00:00Z")
_COLUMNS = (
    "customer",
    "meter",
    "group",
    "start",
    "end",
    "quantity",
    "late_quantity",
    "events",
    "state",
    "unit",
)


@click.command(epilog=example("weir usage c-1 --tenant acme --window day", "weir usage c-1 --format json"))
@click.argument("customer")
@click.option("--tenant", help="Whose customer; may be left out where there is one tenant.")
@click.option("--meter", help="Only this meter.")
@click.option(
    "--window",
    type=click.Choice([window.value for window in Window]),
    default=Window.HOUR.value,
    show_default=True,
    help="What hours are summed to.",
)
@click.option(
    "--from", "start", metavar="TIME", help="RFC 3339; windows that overlap the span are shown whole."
)
@click.option("--to", "end", metavar="TIME", help="RFC 3339, exclusive.")
@format_option
@with_settings
def command(
    settings: Settings,
    *,
    customer: str,
    tenant: str | None,
    meter: str | None,
    window: str,
    start: str | None,
    end: str | None,
    output: Format,
) -> None:
    """Show the usage of CUSTOMER, and up to when it is complete."""
    settings.need("postgres")
    from_ms, to_ms = _instant("--from", start, _FIRST_MS), _instant("--to", end, _LAST_MS)
    if to_ms <= from_ms:
        raise click.UsageError("--to must be later than --from")
    chosen = Window(window)
    span = widened(chosen, from_ms, to_ms)
    question = Question(tenant_of(settings, tenant), customer, meter, chosen, span.start_ms, span.end_ms)
    page = asyncio.run(_read(settings, question))
    _show(page, output)


async def _read(settings: Settings, question: Question) -> Page:
    moment = Moment(_ends(settings), time.time_ns() // 1_000_000)
    async with await psycopg.AsyncConnection.connect(settings.postgres, autocommit=True) as connection:
        return await read_usage(connection, settings, question, moment)


def _ends(settings: Settings) -> LogEnds | None:
    """Return where the log ends; None without Kafka, since what is stored can be read all the same."""
    if not settings.kafka:
        return None
    try:
        return look(Broker.of(settings, "usage", seconds=5), settings)
    except TryAgain as error:
        say(str(error))
        return None


def _show(page: Page, output: Format) -> None:
    fresh = page.freshness
    rows = [tuple(getattr(usage, column) for column in _COLUMNS) for usage in page.data]
    value = {
        "data": page.data,
        "complete_through": fresh.complete_through,
        "as_of_offset": fresh.as_of_offset,
        "lag_seconds": fresh.lag_seconds,
    }
    show(output, _COLUMNS, rows, value)
    say(f"complete through {fresh.complete_through or 'nothing yet'}")


def _instant(option: str, text: str | None, default: int) -> int:
    try:
        return default if text is None else parse_instant(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} {error}", param_hint=option) from None
