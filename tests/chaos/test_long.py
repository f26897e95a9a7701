"""`make chaos SEED=… MINUTES=…`: random faults, one or two at a time, for as long as asked."""

import os
import random
import time
from pathlib import Path

import pytest

from deploy.local.ports import free_port
from tests.chaos.arena import SESSION_SECONDS, Arena, tell
from tests.chaos.floods import flood
from tests.chaos.mirrors import replay_faults
from tests.chaos.releases import release_before
from tests.chaos.webhooks import stripe_load

pytestmark = [pytest.mark.chaos, pytest.mark.long]

KILLED = ("processors-1", "processors-2", "sinks", "ingest", "console", "kafka", "postgres")
FROZEN = ("processors-1", "processors-2", "sinks", "kafka")
FAULTS_A_ROUND = 8
WEBHOOKS_A_ROUND = 4_000
FLOOD = 50_000
DAY_SECONDS = 86_400.0


def test_random_faults(arena: Arena, draw: random.Random, seed: int) -> None:
    ends_at = time.monotonic() + 60 * float(os.environ.get("WEIR_CHAOS_MINUTES") or 10)
    rounds = 0
    while time.monotonic() < ends_at:
        rounds += 1
        with arena.load(seed, events=60_000), stripe_load(arena, draw, WEBHOOKS_A_ROUND) as stripe:
            for nth in range(FAULTS_A_ROUND):
                stripe.open_to((nth + 1) / FAULTS_A_ROUND)
                time.sleep(2 * draw.random())
                if draw.random() < 0.15:
                    wrong = [DAY_SECONDS * (draw.random() - 0.5) for _ in range(2)]
                    with arena.beside("processors", "processors-guest", clock=wrong) as guest:
                        guest.jump()
                        arena.kill(draw.choice(KILLED[:3]))
                elif draw.random() < 0.3:
                    with arena.frozen(draw.choice(FROZEN)):
                        time.sleep(draw.random() * 2 * SESSION_SECONDS)
                else:
                    arena.kill(draw.choice(KILLED))
        assert not list(replay_faults(arena.settings))
        tell(f"round {rounds} is exact, {arena.kills} kills so far")


def test_the_whole_flood_of_webhooks(arena: Arena, draw: random.Random, seed: int) -> None:  # 18
    flood(arena, draw, seed, FLOOD)
    assert not list(replay_faults(arena.settings))


def test_two_releases_at_once(arena: Arena, draw: random.Random, seed: int, tmp_path: Path) -> None:  # 29
    """The release before takes over a part of the work and gives it back, twice."""
    with release_before(tmp_path) as release:
        for turn in range(2):
            door = free_port()
            with (
                arena.beside("ingest", "ingest-before", port=door, checkout=release),
                arena.load(seed, events=40_000, port=door),
                arena.beside("sinks", "sinks-before", checkout=release),
                arena.beside("processors", "processors-before", checkout=release),
            ):
                arena.kill("processors-1", "processors-2", "sinks")
                time.sleep(2 * draw.random())
            tell(f"turn {turn + 1} with the release before is exact")
