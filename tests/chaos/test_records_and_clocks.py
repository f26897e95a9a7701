"""What is wrong with records, clocks and single steps, under load: 0 lost, 0 double, sums exact, gap 0.

The numbers in the names' comments are those of the fault matrix in docs/reliability.md.
"""

import random

import pytest

from schemas.topics import ALERTS, QUOTAS, ROLLUPS
from tests.chaos.alerts import repeated
from tests.chaos.arena import PROCESSORS, Arena, pause
from tests.chaos.poison import append_raw

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

HOUR_SECONDS = 3_600.0


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
