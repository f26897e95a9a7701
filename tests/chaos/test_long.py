"""`make chaos SEED=… MINUTES=…`: random faults, one or two at a time, for as long as asked."""

import os
import random
import time

import pytest

from tests.chaos.arena import SESSION_SECONDS, Arena, tell

pytestmark = [pytest.mark.chaos, pytest.mark.long]

KILLED = ("processors-1", "processors-2", "sinks", "ingest", "kafka", "postgres")
FROZEN = ("processors-1", "processors-2", "sinks", "kafka")
FAULTS_A_ROUND = 8


def test_random_faults(arena: Arena, draw: random.Random, seed: int) -> None:
    ends_at = time.monotonic() + 60 * float(os.environ.get("WEIR_CHAOS_MINUTES") or 10)
    rounds = 0
    while time.monotonic() < ends_at:
        rounds += 1
        with arena.load(seed, events=60_000):
            for _ in range(FAULTS_A_ROUND):
                time.sleep(2 * draw.random())
                if draw.random() < 0.3:
                    with arena.frozen(draw.choice(FROZEN)):
                        time.sleep(draw.random() * 2 * SESSION_SECONDS)
                else:
                    arena.kill(draw.choice(KILLED))
        tell(f"round {rounds} is exact, {arena.kills} kills so far")
