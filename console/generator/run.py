"""One run of the generator, from its mix to its truth file."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Final

import uvloop

from console.generator.attempt import TruthWriter
from console.generator.deck import Deck
from console.generator.keys import Account
from console.generator.mix import Mix
from console.generator.sender import Pace, Sender, Target
from console.generator.traffic import Traffic

_PROGRESS_SECONDS: Final = 1.0

#: Is told about the run once a second, and at its end.
OnProgress = Callable[[Traffic], None]


def play(  # noqa: PLR0913 -- a run has that many sides
    mix: Mix,
    accounts: Sequence[Account],
    url: str,
    truth: Path,
    pace: Pace,
    *,
    prepared: bool = False,
    append: bool = False,
    traffic: Traffic | None = None,
    on_progress: OnProgress = lambda _: None,
) -> Traffic:
    """Send *mix* to the ingress at *url* and write *truth*; return what was seen.

    It returns when every event has an answer, however long the ingress is away. *prepared*: make
    all events before the clock starts, so that making them takes nothing from those who are measured.
    *append*: *truth* is that of an earlier run with the same customers and another seed.
    Pass a *traffic* to look on from another thread. Raises Misconfigured.
    """
    seen = traffic or Traffic()
    batches = Deck(mix, [account.tenant for account in accounts]).deal()
    if prepared:
        batches = iter(list(batches))
    target = Target(url, [account.key for account in accounts])
    with TruthWriter(truth, append=append) as writer:
        sender = Sender(target, pace, writer, seen)
        uvloop.run(_watched(sender.play(batches), seen, on_progress))
    return seen


async def _watched(run: Coroutine[None, None, None], seen: Traffic, tell: OnProgress) -> None:
    running = asyncio.ensure_future(run)
    while not running.done():
        await asyncio.wait([running], timeout=_PROGRESS_SECONDS)
        tell(seen)
    await running
