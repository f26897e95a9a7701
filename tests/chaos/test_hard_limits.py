"""A hard limit holds but for what came since the answer, and the answer says since when that is."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.chaos.arena import PROCESSORS, Arena
from tests.chaos.asking import Service

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

#: As the catalogue of the suite has it.
LIMIT = 600
_SECONDS = 120.0


def test_who_asks_first_passes_a_hard_limit_by_no_more_than_the_answer_is_old(
    arena: Arena, draw: random.Random, seed: int
) -> None:
    service = Service(arena.settings, draw.choice(arena.accounts), f"asks-{uuid4()}")

    def sent(events: int) -> None:
        arena.wait(lambda: len(service.confirmed_ms) >= events or serving.done())

    with arena.load(seed, 10_000), ThreadPoolExecutor(1, "service") as pool:
        serving = pool.submit(service.serve, time.monotonic() + _SECONDS)
        for names in (PROCESSORS, ("checks",), ("ingest",), PROCESSORS):
            arena.kill(*names, when=lambda: sent(len(service.confirmed_ms) + draw.randrange(10, 40)))
        serving.result()

    assert {said.decision for said in service.said} >= {"fresh"}
    assert not service.faults()
    last = service.said[-1]
    since = sum(at_ms >= last.through_ms for at_ms in service.confirmed_ms)
    assert LIMIT <= len(service.confirmed_ms) <= LIMIT + since
