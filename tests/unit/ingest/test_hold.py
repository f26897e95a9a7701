"""A refusal waits a moment; when many do, the others do not wait."""

import asyncio
from itertools import combinations

import pytest

from ingest.hold import Hold

FOR_EVER = 3_600.0


async def start(hold: Hold, count: int) -> list["asyncio.Task[None]"]:
    tasks = [asyncio.create_task(hold.wait()) for _ in range(count)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


def test_no_more_than_the_most_are_held() -> None:
    async def play() -> list[bool]:
        tasks = await start(Hold(FOR_EVER, 2), 3)
        return [task.done() for task in tasks]

    assert asyncio.run(play()) == [False, False, True]


def test_who_goes_away_makes_room() -> None:
    async def play() -> bool:
        hold = Hold(FOR_EVER, 1)
        (first,) = await start(hold, 1)
        first.cancel()
        await asyncio.wait([first])
        (second,) = await start(hold, 1)
        return second.done()

    assert asyncio.run(play()) is False


def test_those_who_came_together_do_not_end_together(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[float] = []

    async def sleep(seconds: float) -> None:
        held.append(seconds)

    async def play() -> None:
        hold = Hold(1.0)
        for _ in range(8):
            await hold.wait()

    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(play())
    assert all(1 <= seconds < 2 for seconds in held)
    assert min(abs(a - b) for a, b in combinations(held, 2)) > 0.05


def test_it_ends() -> None:
    asyncio.run(asyncio.wait_for(Hold(0.0).wait(), 10))
