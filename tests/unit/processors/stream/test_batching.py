"""Batches: all that has come, at once when little comes, together when much does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from processors.stream.batching import ENOUGH_RECORDS, MAX_RECORDS, batches
from processors.stream.pace import LEAST_SECONDS, MOST_SECONDS, Pace

Queue = asyncio.Queue[Any]


def run(play: Callable[[Queue, Pace], Any]) -> Any:  # noqa: ANN401
    async def main() -> Any:  # noqa: ANN401
        return await play(asyncio.Queue(), Pace())

    return asyncio.run(main())


async def next_of(found: AsyncIterator[list[Any]]) -> list[Any]:
    return await asyncio.wait_for(anext(found), 10)


def fill(queue: Queue, count: int) -> None:
    for number in range(count):
        queue.put_nowait(number)


def test_everything_that_has_come_is_one_batch_in_order() -> None:
    async def play(queue: Queue, pace: Pace) -> list[int]:
        fill(queue, 30)
        return await next_of(batches(queue, pace))

    assert run(play) == list(range(30))


def test_no_batch_is_larger_than_the_most() -> None:
    async def play(queue: Queue, pace: Pace) -> list[int]:
        fill(queue, 2 * MAX_RECORDS + 1)
        found = batches(queue, pace)
        return [len(await next_of(found)) for _ in range(3)]

    assert run(play) == [MAX_RECORDS, MAX_RECORDS, 1]


def test_records_that_come_within_the_gap_share_a_batch() -> None:
    async def play(queue: Queue, pace: Pace) -> list[list[int]]:
        found = batches(queue, pace)
        queue.put_nowait(1)
        first = await next_of(found)
        pace.took = lambda seconds: None  # type: ignore[method-assign]  # noqa: ARG005
        pace.gap_seconds = 3600.0
        second = asyncio.create_task(next_of(found))
        queue.put_nowait(2)
        await asyncio.sleep(0)
        assert not second.done()
        second.cancel()
        return [first]

    assert run(play) == [[1]]


def test_enough_records_are_not_kept_waiting() -> None:
    async def play(queue: Queue, pace: Pace) -> int:
        found = batches(queue, pace)
        queue.put_nowait(1)
        await next_of(found)
        pace.took = lambda seconds: None  # type: ignore[method-assign]  # noqa: ARG005
        pace.gap_seconds = 3600.0
        fill(queue, ENOUGH_RECORDS)
        return len(await next_of(found))

    assert run(play) == ENOUGH_RECORDS


def test_faust_ends_the_stream() -> None:
    class Ended(asyncio.Queue[Any]):
        async def get(self) -> Any:  # noqa: ANN401
            raise StopAsyncIteration

    async def play(_: Queue, pace: Pace) -> list[Any]:
        return [batch async for batch in batches(Ended(), pace)]

    assert run(play) == []


@pytest.mark.parametrize(
    ("took", "gap"), [(0.0, LEAST_SECONDS), (0.01, 0.04), (5.0, MOST_SECONDS)], ids=["idle", "some", "much"]
)
def test_the_gap_grows_with_what_batches_cost(took: float, gap: float) -> None:
    pace = Pace()
    for _ in range(100):
        pace.took(took)
    assert pace.gap_seconds == pytest.approx(gap, rel=1e-3)


def test_a_single_dear_batch_does_not_keep_the_next_ones_waiting() -> None:
    pace = Pace()
    pace.took(0.02)
    assert pace.gap_seconds == LEAST_SECONDS


def test_the_gap_falls_sooner_than_it_grows() -> None:
    pace = Pace()
    grown = _turns(pace, 0.05, lambda: pace.gap_seconds > MOST_SECONDS / 2)
    fallen = _turns(pace, 0.0, lambda: pace.gap_seconds < MOST_SECONDS / 10)
    assert fallen < grown


def _turns(pace: Pace, took: float, there: Callable[[], bool]) -> int:
    turns = 0
    while not there():
        pace.took(took)
        turns += 1
    return turns
