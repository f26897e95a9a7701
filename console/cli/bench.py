"""`weir bench`: throughput, latency, cost, recovery, memory, loss and doubles, in one run."""

import time
from pathlib import Path

import click

from console.bench.show import Wish, run_bench
from console.cli.run import BAD_ANSWER
from console.cli.show import example, say
from runtime import logs


@click.command(epilog=example("weir bench --baselines", "weir bench --smoke --json /tmp/bench.json"))
@click.option("--smoke", is_flag=True, help="As little as possible of everything: does it work at all?")
@click.option("--baselines", is_flag=True, help="Also what people write by hand, and stock Faust.")
@click.option("--repeat", type=click.IntRange(1, 100), help="Repetitions; 3, with --smoke 1.")
@click.option(
    "--json",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    default=Path("bench.json"),
    show_default=True,
    help="File for every value.",
)
@click.option(
    "--only", multiple=True, metavar="ROW", help="Only what fills this row, as http-100; repeatable."
)
def command(*, smoke: bool, baselines: bool, repeat: int | None, json: Path, only: tuple[str, ...]) -> int:
    """Measure a stack of its own in a temporary folder, and print one table.

    Exit 0 only if nothing was lost, nothing counted twice, and the gap is 0.
    """
    begun = time.monotonic()
    logs.configure("auto", "warning")

    def tell(message: str) -> None:
        say(f"{time.monotonic() - begun:6.1f} s  {message}")

    wish = Wish(smoke, baselines, repeat, json, only, time.time_ns() // 1_000_000)
    return 0 if run_bench(wish, tell) else BAD_ANSWER
