"""`weir demo`: a day of usage, a Stripe story, kills on the way, and the proof."""

import time

import click

from console.cli.run import BAD_ANSWER
from console.cli.show import example, say
from console.demo.show import Wish, run_demo
from runtime import logs


@click.command(epilog=example("weir demo", "weir demo --events 500000 --seed 7 --keep"))
@click.option("--events", type=click.IntRange(1_000), default=150_000, show_default=True, help="Events.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same events.")
@click.option("--keep", is_flag=True, help="Keep the data folder.")
def command(events: int, seed: int, *, keep: bool) -> int:
    """Start everything, play a day of events and a Stripe story, kill on the way, and balance the books.

    Exit 0 only if nothing was lost, nothing counted twice, the gap is 0, and the mirrors of Stripe are true.
    """
    begun = time.monotonic()
    logs.configure("auto", "warning")

    def tell(message: str) -> None:
        say(f"{time.monotonic() - begun:6.1f} s  {message}")

    return 0 if run_demo(Wish(events, seed, keep), tell) else BAD_ANSWER
