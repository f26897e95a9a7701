"""Stripe's webhooks beside usage, under faults: each 2xx on record, nothing double, the mirror true.

The numbers in the names' comments are those of the fault matrix in docs/reliability.md.
"""

import random

import pytest

from console.generator.sender import Sluice
from deploy.local.ports import free_port
from tests.chaos.arena import Arena
from tests.chaos.failover import copy_postgres, fail_over, stored_offsets
from tests.chaos.floods import flood
from tests.chaos.mirrors import replay_faults
from tests.chaos.webhooks import counted, stripe_load

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

#: Of the 50,000 of `make chaos`, what fits into half a minute.
FLOOD = 6_000
HOUR_SECONDS = 3_600.0
FAILURES = "weir_webhook_verification_failures_total"


def jobs_done(arena: Arena) -> float:
    return counted(arena.metrics("sinks"), "weir_jobs_total", outcome="done")


def test_three_days_of_webhooks_at_once_while_secrets_change_and_everything_is_killed(
    arena: Arena, draw: random.Random, seed: int
) -> None:  # 18, 19
    flood(arena, draw, seed, FLOOD)
    assert not list(replay_faults(arena.settings))


def test_a_door_whose_clock_is_wrong_and_then_its_secret(arena: Arena, draw: random.Random) -> None:  # 13, 19
    port = free_port()
    clock = (HOUR_SECONDS, -HOUR_SECONDS, 0.0)
    with (
        arena.beside("ingest", "ingest-astray", port=port, clock=clock) as door,
        stripe_load(arena, draw, 400, tenants=1, port=port) as stripe,
    ):
        metrics = f"{door.health}/metrics"

        def refuses(reason: str) -> bool:
            return counted(metrics, FAILURES, reason=reason) > 0

        stripe.open_to(0.1)
        arena.wait(lambda: refuses("stale"))
        assert not stripe.sender.answered
        door.jump()
        arena.wait(lambda: refuses("future"))
        assert not stripe.sender.answered
        door.jump()
        arena.wait(lambda: stripe.is_answered(0.1))

        assert not refuses("bad_signature")
        stripe.rotate(overlap_ms=0)  # to what Stripe does not sign with
        arena.wait(lambda: stripe.trickle() and refuses("bad_signature"))
        stripe.secrets.update({tenant: (text,) for tenant, text in stripe.rotate(overlap_ms=0).items()})
    assert stripe.is_answered(1)


def test_a_database_that_comes_back_without_its_last_commits(
    arena: Arena, draw: random.Random, seed: int
) -> None:  # 11
    sluice = Sluice()
    sluice.open_to(10_000)
    with arena.load(seed, sluice=sluice), stripe_load(arena, draw, 1_500) as stripe:
        stripe.open_to(0.3)
        arena.wait(lambda: stripe.is_answered(0.2))
        copy = copy_postgres(arena)
        copied = stored_offsets(arena.settings)
        sluice.open_to(15_000)
        stripe.open_to(0.7)
        written = ("rollups", "archive", "stripe", "mirror")
        arena.wait(lambda: all(stored_offsets(arena.settings)[each] > copied[each] for each in written))
        fail_over(arena, copy)
        done = jobs_done(arena)
        arena.wait(lambda: jobs_done(arena) > done)
        sluice.open_to(20_000 * 2)
    assert "sink.displaced" in arena.log("sinks")
    assert not list(replay_faults(arena.settings))
