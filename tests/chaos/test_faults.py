"""Each fault on real Kafka and PostgreSQL, under load: 0 lost, 0 double, sums exact, gap 0.

The numbers in the names' comments are those of the fault matrix in docs/reliability.md.
"""

import random
import time

import pytest

from schemas.topics import ALERTS, QUOTAS, ROLLUPS
from tests.chaos.alerts import repeated
from tests.chaos.arena import SESSION_SECONDS, Arena
from tests.chaos.poison import append_raw

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

PROCESSORS = ("processors-1", "processors-2")
HOUR_SECONDS = 3_600.0
#: Longer than a group waits for a silent member.
BEYOND_THE_SESSION = SESSION_SECONDS + 3.0


def pause(draw: random.Random, most: float = 1.0) -> None:
    """Let a random while pass, so that the next fault falls somewhere else."""
    time.sleep(draw.random() * most)


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


def test_clocks_that_are_wrong_and_jump(arena: Arena, draw: random.Random, seed: int) -> None:  # 13
    """Of a processor and of sinks that share the work with those who are right."""
    with (
        arena.beside("processors", "processors-ahead", clock=(3 * HOUR_SECONDS, -3 * HOUR_SECONDS)) as ahead,
        arena.beside("sinks", "sinks-behind", clock=(-3 * HOUR_SECONDS, 3 * HOUR_SECONDS)) as behind,
        arena.load(seed),
    ):
        pause(draw)
        ahead.jump()
        behind.jump()
        arena.kill(draw.choice(PROCESSORS), "sinks")


def test_poison_past_the_door(arena: Arena, draw: random.Random, seed: int) -> None:  # 14
    poison = (b"", b"\xff\xfe", b'{"id": "cut o', b"\x9c\x01", draw.randbytes(200), b'["\\ud800"]')
    with arena.load(seed):
        for value in poison:
            append_raw(arena.settings, value, draw)


def test_copies_again_and_again_with_other_content(
    arena: Arena, draw: random.Random, seed: int
) -> None:  # 16
    with arena.load(seed, conflicts=0.1):
        pause(draw)
        arena.kill(draw.choice(PROCESSORS))


def test_a_crash_between_any_two_steps_around_a_threshold(arena: Arena, seed: int) -> None:  # 4, 8
    """Counters go first, then alerts, then rows and progress: each time the next step is refused."""
    before = repeated(arena.settings)
    with arena.load(seed, events=30_000):
        for topic in (QUOTAS, ALERTS, ROLLUPS):
            arena.refuse(topic, *PROCESSORS)
    # A replay told of what had been told of when the rows behind it were refused.
    assert repeated(arena.settings) > before


def test_everything_at_once(arena: Arena, draw: random.Random, seed: int) -> None:
    with arena.load(seed, events=30_000):
        for name in draw.sample(("processors-1", "sinks", "ingest", "kafka", "postgres"), 5):
            pause(draw)
            arena.kill(name)
