"""The options by which commands take a rate."""

from collections.abc import Callable
from typing import Any

import click

from console.cli.show import Format, say, show
from console.control.core.rates import rate_of
from schemas.rate import Rate

_RATE = click.option(
    "--rate",
    "per_second",
    type=click.IntRange(1),
    metavar="EVENTS",
    help="Events a second at each door process; a request counts as one at least.",
)
_BURST = click.option(
    "--burst",
    type=click.IntRange(1),
    metavar="EVENTS",
    help="Events at once, after a pause; default: those of 2 seconds.",
)
_NO_RATE = click.option("--no-rate", is_flag=True, help="As much as they like.")


def rate_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give *command* --rate and --burst, as the arguments `per_second` and `burst`."""
    return _RATE(_BURST(command))


def limit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give *command* --no-rate too, as the argument `no_rate`."""
    return rate_options(_NO_RATE(command))


def limit_of(per_second: int | None, burst: int | None, *, no_rate: bool) -> Rate | None:
    """Return the rate that the options of a `limit` command name. Raises click.UsageError, Reject."""
    if no_rate == (per_second is not None or burst is not None):
        raise click.UsageError("say either --rate, with or without --burst, or --no-rate")
    return rate_of(per_second, burst)


def in_words(rate: Rate | None) -> str:
    """Return *rate* as a sentence's end."""
    return f"{rate.per_second} events a second, {rate.burst} at once" if rate else "as much as it likes"


def show_limit(output: Format, column: str, whose: str, rate: Rate | None) -> None:
    """Show which *rate* the key or tenant *whose* has from now on; *column* says which of both it is."""
    say(f"{column.removesuffix('_id')} {whose} may send {in_words(rate)}")
    row = (whose, rate and rate.per_second, rate and rate.burst)
    columns = (column, "rate", "burst")
    show(output, columns, [row], dict(zip(columns, row, strict=True)))
