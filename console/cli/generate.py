"""`weir generate`: made-up events over HTTP, with the truth about them."""

import re
import sys
import time
from pathlib import Path
from typing import Any, Final

import click

from console.cli.place import with_settings
from console.cli.run import BAD_ANSWER
from console.cli.show import Format, example, format_option, say, show
from console.generator.core.expected import Verdict
from console.generator.keys import Account, accounts_of, open_accounts
from console.generator.mix import Mix
from console.generator.quiet import wait_until_stored
from console.generator.run import play
from console.generator.sender import Pace
from console.generator.traffic import Traffic
from console.generator.truth import check_truth
from runtime.settings import Settings
from schemas.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

_UNITS: Final = {"s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
_QUIET_SECONDS: Final = 120.0
_SHARE: Final = click.FloatRange(0, 1)
_OWN_TENANT: Final = "generated"


class _Duration(click.ParamType):
    """Text such as 90s, 15m, 24h or 2d, as milliseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> int:  # noqa: ANN401
        """Return the milliseconds in *value*."""
        match = re.fullmatch(r"(\d{1,6})([smhd])", str(value))
        if match is None:
            self.fail(f"{value!r} is no duration: write 90s, 15m, 24h or 2d", param, context)
        return int(match[1]) * _UNITS[match[2]]


@click.command(
    epilog=example("weir generate --rate 2000 --events 100000 --seed 7 --truth truth.ndjson --check")
)
@click.option(
    "--rate", type=click.FloatRange(0), default=0.0, help="Events a second; 0: as fast as answers come."
)
@click.option(
    "--events", type=click.IntRange(1), default=10_000, show_default=True, help="Events, copies included."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same events.")
@click.option(
    "--customers", type=click.IntRange(1), default=100, show_default=True, help="Of all tenants together."
)
@click.option(
    "--batch", type=click.IntRange(1, 1000), default=100, show_default=True, help="Events a request."
)
@click.option(
    "--connections", type=click.IntRange(1, 1000), default=16, show_default=True, help="Requests under way."
)
@click.option("--duplicates", type=_SHARE, default=0.02, show_default=True, help="Share of copies.")
@click.option("--late", type=_SHARE, default=0.01, show_default=True, help="Share beyond every grace.")
@click.option("--invalid", type=_SHARE, default=0.001, show_default=True, help="Share that is rejected.")
@click.option("--conflicts", type=_SHARE, default=0.001, show_default=True, help="Share with a used id.")
@click.option("--unmatched", type=_SHARE, default=0.001, show_default=True, help="Share without a meter.")
@click.option("--span", "span_ms", type=_Duration(), default="0s", help="Event time to play, as 24h.")
@click.option(
    "--truth",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    required=True,
    help="File for every attempt and its answer (NDJSON).",
)
@click.option("--key", "keys", multiple=True, help="API keys, one a tenant; default: a tenant of its own.")
@click.option("--url", help="The ingress; default: that of the stack.")
@click.option("--check", is_flag=True, help="Wait until all is stored, and exit 1 if anything is amiss.")
@format_option
@with_settings
def command(
    settings: Settings,
    *,
    truth: Path,
    keys: tuple[str, ...],
    url: str | None,
    rate: float,
    connections: int,
    check: bool,
    output: Format,
    **mix: Any,  # noqa: ANN401 -- the members of the mix
) -> int:
    """Send made-up events to the ingress, repeat what got no 2xx, and write down the truth."""
    settings.need("kafka", "postgres")
    accounts = _accounts(settings, keys)
    address = url or f"http://{settings.host}:{settings.ingest_port}"
    made = Mix(until_ms=time.time_ns() // 1_000_000, **mix)
    traffic = play(made, accounts, address, truth, Pace(connections, rate), on_progress=_tell)
    sys.stderr.write("\n")
    verdict = None
    if check:
        say(f"all is stored after {wait_until_stored(settings, _QUIET_SECONDS):.1f} s")
        verdict = check_truth(settings, truth)
    _show(output, traffic, verdict)
    return BAD_ANSWER if verdict is not None and not verdict.good else 0


def _accounts(settings: Settings, keys: tuple[str, ...]) -> list[Account]:
    if keys:
        return accounts_of(settings, keys)
    say(f"no --key: sending as tenant {_OWN_TENANT}")
    return open_accounts(settings, [_OWN_TENANT])


def _tell(traffic: Traffic) -> None:
    seconds = traffic.seconds()
    rate = traffic.events / seconds if seconds else 0
    repeats = f", {traffic.without_answer} to repeat" if traffic.without_answer else ""
    sys.stderr.write(f"\r{traffic.events} events answered, {rate:.0f}/s{repeats}   ")
    sys.stderr.flush()


def _show(output: Format, traffic: Traffic, verdict: Verdict | None) -> None:
    latency = traffic.latency()
    value: dict[str, Any] = {
        "events": traffic.events,
        "requests": traffic.requests,
        "seconds": round(traffic.seconds(), 3),
        "events_per_second": round(traffic.events / max(traffic.seconds(), 0.001)),
        "p50_ms": round(latency.p50_ms, 2),
        "p99_ms": round(latency.p99_ms, 2),
        **{answer: traffic.answers[answer] for answer in ("accepted", "duplicate", "conflict", "rejected")},
        "without_answer": traffic.without_answer,
    }
    if verdict is not None:
        value |= {"lost": verdict.lost, "double": verdict.double, "wrong_sums": verdict.wrong_sums}
        for line in verdict.examples:
            say(line)
    show(output, ("what", "value"), value.items(), value)
