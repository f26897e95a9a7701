"""What people decide holds exactly from when they say, whatever is killed and whoever takes over."""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from console.generator.sender import Sluice
from deploy.local.ports import free_port
from schemas.instant import DAY_MS, HOUR_MS
from tests.chaos.alerts import AlertWatch
from tests.chaos.arena import Arena, arena_in
from tests.chaos.decisions import answer_faults, change_plans, decide_next_version, version_faults

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

WORKERS = ("processors-1", "processors-2", "processors-3")
EVENTS = 40_000
_ALERT_SECONDS = 10.0


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """Start a stack of its own, with three processors: its catalogue does not stay what it is."""
    with arena_in(tmp_path_factory.mktemp("decisions") / "weir", workers=len(WORKERS)) as running:
        yield running


def test_a_version_and_plans_that_change_under_load_while_workers_take_over_and_everything_is_killed(
    arena: Arena, draw: random.Random, seed: int
) -> None:
    sluice, settings, second = Sluice(), arena.settings, free_port()
    # An hour in the middle of the day that is played; until everybody knows, the load stays before it.
    from_ms = (time.time_ns() // 1_000_000 - DAY_MS // 2) // HOUR_MS * HOUR_MS + HOUR_MS
    sluice.open_to(EVENTS * 4 // 10)
    with ExitStack() as beside:
        beside.enter_context(arena.beside("ingest", "ingest-2", port=second))
        alerts = beside.enter_context(AlertWatch(settings))

        with arena.load(seed, EVENTS, sluice=sluice):
            decide_next_version(settings, from_ms)
            arena.kill("console")  # the relay: before, while or after it tells
            change_plans(settings, draw, 0.3)
            arena.settle()
            sluice.open_to(EVENTS * 7 // 10)
            with arena.beside("processors", "processors-guest"):
                arena.kill(*WORKERS, when=lambda: alerts.next(_ALERT_SECONDS))
                change_plans(settings, draw, 0.3)
            arena.kill("ingest", "sinks", "console")
            arena.settle()
            sluice.open_to(EVENTS * 2)
        assert not version_faults(settings, from_ms)
        for port in (settings.checks_port, settings.ingest_port, second):
            faults = list(answer_faults(settings, arena.accounts, port))
            assert not faults, faults[:10]
