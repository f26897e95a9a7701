"""Questions to the store from the command line, and the options that they share."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, TypeVar

import click
import psycopg

from console.cli.show import say
from console.usage.core.calendar import Bounds, Window, widened
from console.usage.core.freshness import LogEnds
from console.usage.log_ends import look
from console.usage.snapshot import Moment, snapshot
from runtime.broker import Broker
from runtime.postgres import AsyncConnection
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.instant import parse_instant

#: Before the first event that anyone could have sent, and behind the last one.
_FIRST_MS: Final = 0
_LAST_MS: Final = parse_instant("9999-01-01T00:00:00Z")

_FROM = click.option(
    "--from", "start", metavar="TIME", help="RFC 3339; windows that overlap the span are shown whole."
)
_TO = click.option("--to", "end", metavar="TIME", help="RFC 3339, exclusive.")

#: The longest list that is printed.
MOST: Final = 1_000

T = TypeVar("T")


def window_option(
    default: Window, windows: Iterable[Window] = Window, about: str = "What hours are summed to."
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command --window, one of *windows*, as the argument `window`."""
    return click.option(
        "--window",
        type=click.Choice([window.value for window in windows]),
        default=default.value,
        show_default=True,
        help=about,
    )


def span_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give *command* --from and --to, as the arguments `start` and `end`."""
    return _FROM(_TO(command))


def limit_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give *command* --limit, as the argument `limit`."""
    return click.option(
        "--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many at most."
    )(command)


def say_there_are_more(limit: int) -> None:
    """Say that a list was cut at *limit*."""
    say(f"there are more than {limit}: narrow it down, or raise --limit")


def ask(settings: Settings, read: Callable[[AsyncConnection, Moment], Awaitable[T]]) -> T:
    """Return what *read* finds in one snapshot, once it is known where the log ends."""
    settings.need("postgres")
    moment = Moment(_ends(settings), time.time_ns() // 1_000_000)
    return ask_store(settings, lambda connection: read(connection, moment))


def ask_store(settings: Settings, read: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Return what *read* finds in one snapshot of what needs no log beside it."""
    settings.need("postgres")

    async def asked() -> T:
        async with (
            await psycopg.AsyncConnection.connect(settings.postgres, autocommit=True) as connection,
            snapshot(connection),
        ):
            return await read(connection)

    return asyncio.run(asked())


def span_of(window: Window, start: str | None, end: str | None, since_ms: int = _FIRST_MS) -> Bounds:
    """Return the whole windows between the options --from (by default *since_ms*) and --to.

    Raises click.UsageError.
    """
    return widened(window, *instants(start, end, since_ms))


def instants(start: str | None, end: str | None, since_ms: int = _FIRST_MS) -> tuple[int, int]:
    """Return the options --from (by default *since_ms*) and --to in ms. Raises click.UsageError."""
    from_ms, to_ms = _instant("--from", start, since_ms), _instant("--to", end, _LAST_MS)
    if to_ms <= from_ms:
        raise click.UsageError("--to must be later than --from")
    return from_ms, to_ms


def _ends(settings: Settings) -> LogEnds | None:
    """Return where the log ends; None without Kafka, since what is stored can be read all the same."""
    if not settings.kafka:
        return None
    try:
        return look(Broker.of(settings, "usage", seconds=5), settings)
    except TryAgain as error:
        say(str(error))
        return None


def _instant(option: str, text: str | None, default: int) -> int:
    try:
        return default if text is None else parse_instant(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} {error}", param_hint=option) from None
