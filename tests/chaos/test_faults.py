"""What is killed or frozen, on real Kafka and PostgreSQL, under load: 0 lost, 0 double, sums exact, gap 0.

The numbers in the names' comments are those of the fault matrix in docs/reliability.md.
"""

import random
import time

import pytest

from tests.chaos.arena import PROCESSORS, SESSION_SECONDS, Arena, pause

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

#: Longer than a group waits for a silent member.
BEYOND_THE_SESSION = SESSION_SECONDS + 3.0


def test_killed_processors(arena: Arena, draw: random.Random, seed: int) -> None:  # 8
    with arena.load(seed):
        for number in range(6):
            pause(draw)
            if number % 2:
                arena.forget_files()
            arena.kill(draw.choice(PROCESSORS))


def test_killed_sinks(arena: Arena, draw: random.Random, seed: int) -> None:  # 5, 6
    with arena.load(seed):
        for _ in range(5):
            pause(draw)
            arena.kill("sinks")


def test_killed_ingress_keeps_every_promise(arena: Arena, draw: random.Random, seed: int) -> None:  # X1
    with arena.load(seed) as traffic:
        for _ in range(3):
            pause(draw)
            arena.kill("ingest")
    assert traffic.without_answer


def test_killed_broker(arena: Arena, draw: random.Random, seed: int) -> None:  # 1, 2
    with arena.load(seed) as traffic:
        for _ in range(2):
            pause(draw)
            arena.kill("kafka")
    assert traffic.without_answer


def test_a_broker_that_answers_too_late(arena: Arena, draw: random.Random, seed: int) -> None:  # 3
    """What it had taken before it froze is appended although its client had a 503."""
    with arena.load(seed) as traffic:
        pause(draw)
        with arena.frozen("kafka"):
            time.sleep(4 + draw.random())
    assert traffic.without_answer


def test_killed_postgres(arena: Arena, draw: random.Random, seed: int) -> None:  # 9
    with arena.load(seed) as traffic:
        for _ in range(2):
            pause(draw)
            arena.kill("postgres")
    # The ingress needs Kafka alone.
    assert not traffic.without_answer


def test_a_sink_that_wakes_up_as_a_zombie(arena: Arena, seed: int) -> None:  # 7
    with arena.load(seed), arena.frozen("sinks"):
        time.sleep(BEYOND_THE_SESSION)


def test_a_processor_that_wakes_up_as_a_zombie(arena: Arena, draw: random.Random, seed: int) -> None:  # 7
    with arena.load(seed, events=40_000), arena.frozen(draw.choice(PROCESSORS)):
        time.sleep(BEYOND_THE_SESSION)


def test_workers_that_come_and_go(arena: Arena, draw: random.Random, seed: int) -> None:  # 12
    with arena.load(seed, events=40_000):
        for _ in range(4):
            with arena.frozen(draw.choice(PROCESSORS)):
                time.sleep(draw.random() * BEYOND_THE_SESSION)
            arena.kill(draw.choice(PROCESSORS))


def test_everything_at_once(arena: Arena, draw: random.Random, seed: int) -> None:
    with arena.load(seed, events=30_000):
        for name in draw.sample(("processors-1", "sinks", "ingest", "kafka", "postgres"), 5):
            pause(draw)
            arena.kill(name)
