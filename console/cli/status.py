"""`weir status`: what runs in a data folder, how it feels, and how far behind it is."""

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import msgspec

from console.cli.canary import LastRound, in_words, last_round_of
from console.cli.hot_keys import Hot, hot_keys
from console.cli.place import data_folder, find_settings
from console.cli.run import BAD_ANSWER
from console.cli.samples import samples
from console.cli.show import Format, example, format_option, say, show
from deploy.local import stack
from deploy.local.state import StackStatus
from schemas.errors import WeirError
from schemas.process import CONSOLE, PROCESSORS, Process


@click.command(epilog=example("weir status", "weir status --data /tmp/try --format json"))
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder of the stack.")
@format_option
def command(data: Path | None, output: Format) -> int:
    """Show each process with pid, health and restarts, readers' lag, hot keys and the canary.

    Exit 1 if a process is not ready.
    """
    status = stack.status(data_folder(data))
    lags = _lags(data) if status.ready else {}
    hot = hot_keys(_metrics_of(status, PROCESSORS)) if status.ready else {}
    last_round = _last_round(status)
    rows = [
        (each.name, each.state, each.pid, each.restarts, each.metrics, each.detail)
        for each in status.processes
    ]
    show(
        output,
        ("name", "state", "pid", "restarts", "metrics", "detail"),
        rows,
        _value(status, lags, hot, last_round),
    )
    if output == "table":
        for name, address in status.addresses.items():
            click.echo(f"{name:<14}{address}")
        for name, messages in lags.items():
            click.echo(f"lag       {name}: {messages}")
        for kind, (number, share) in hot.items():
            largest = f", up to {share:.0%} of a partition" if number else ""
            click.echo(f"hot       {kind}s: {number}{largest}")
        if last_round is not None:
            click.echo(f"canary    {in_words(last_round)}")
    say(f"{status.data}: {'ready' if status.ready else f'not ready ({status.phase})'}")
    return 0 if status.ready else BAD_ANSWER


def _value(
    status: StackStatus, lags: dict[str, int], hot: dict[str, Hot], last_round: LastRound | None
) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(status)
    canary = last_round and last_round._asdict()
    return value | {
        "lag": lags,
        "hot": {kind: each._asdict() for kind, each in hot.items()},
        "canary": canary,
    }


def _last_round(status: StackStatus) -> LastRound | None:
    """Return how the canary is; None: there is none, or its console does not answer."""
    found = (sample for address in _metrics_of(status, CONSOLE) for sample in samples(address))
    return last_round_of(found, time.time())


def _metrics_of(status: StackStatus, process: Process) -> list[str]:
    """Return where the metrics of all processes of one kind are."""
    return [each.metrics for each in status.processes if each.name.startswith(process) and each.metrics]


def _lags(data: Path | None) -> dict[str, int]:
    """Return how many records each group has before it, over all of its partitions."""
    from console.watch.groups import read_groups  # noqa: PLC0415 - Kafka's client, only where a stack runs
    from runtime.broker import Broker  # noqa: PLC0415
    from runtime.group_offsets import GroupOffsets  # noqa: PLC0415

    try:
        settings = find_settings(data)
        with closing(GroupOffsets(settings)) as offsets:
            readings = read_groups(Broker.of(settings, "status"), offsets, settings.topic_prefix)
    except WeirError as error:
        say(f"no lag: {error}")
        return {}
    lags: dict[str, int] = {}
    for reading in readings:
        name = f"{reading.group} {reading.topic}"
        lags[name] = lags.get(name, 0) + reading.lag
    return lags
