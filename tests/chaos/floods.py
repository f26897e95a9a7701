"""Stripe was away for three days, and it all comes at once: beside usage, through kills and new secrets."""

import os
import random
import signal
from contextlib import ExitStack

from console.generator.sender import Sluice
from console.generator.traffic import Traffic
from schemas.instant import HOUR_MS
from tests.chaos.arena import PROCESSORS, Arena
from tests.chaos.webhooks import StripeLoad, counted, stripe_load

_KILLED = ("ingest", "processors-1", "sinks", "processors-2", "ingest", "sinks")
#: Of the flood, so much is sent while they are killed; the rest while no processor takes any of it.
_PART = 0.5
_TENANT_DELIVERIES = 800
_USAGE = 20_000
_LATE_USAGE = 1_000
_BAD_REQUEST = 400
_AT_THE_DOOR = 3


def flood(arena: Arena, draw: random.Random, seed: int, deliveries: int) -> None:
    """Send *deliveries* webhooks as fast as they are taken, and check everything. See the module."""
    usage, tenants = Sluice(), deliveries // _TENANT_DELIVERIES
    usage.open_to(_USAGE // len(_KILLED))
    with (
        arena.load(seed, _USAGE, sluice=usage) as traffic,
        stripe_load(arena, draw, deliveries, tenants=tenants) as stripe,
    ):
        _kill_and_rotate(arena, stripe, usage)
        _let_both_wait(arena, stripe, traffic, usage)
    assert not stripe.sender.statuses[_BAD_REQUEST]


def _kill_and_rotate(arena: Arena, stripe: StripeLoad, usage: Sluice) -> None:
    """Kill one after the other, each with webhooks before it and while it is away, under changing secrets.

    Stripe signs with the old ones, with both, and with the new ones alone.
    """
    old = dict(stripe.secrets)
    new: dict[str, str] = {}
    for nth, name in enumerate(_KILLED):
        match nth:
            case 1:
                new = stripe.rotate(overlap_ms=HOUR_MS)
                # Every ingress that is started later knows as much before it takes anything.
                arena.wait(lambda: stripe.trickle() and _matches(arena, "previous"))
            case 2:
                stripe.secrets.update({tenant: (new[tenant], *old[tenant]) for tenant in new})
            case 3:
                stripe.secrets.update({tenant: (text,) for tenant, text in new.items()})
        usage.open_to((_USAGE - _LATE_USAGE) * (nth + 1) // len(_KILLED))
        ends = _PART * (nth + 1) / len(_KILLED)
        if nth:
            arena.kill(name, when=lambda ends=ends: _send_some(arena, stripe, ends))  # type: ignore[misc]
        else:
            _kill_while_kafka_is_away(arena, stripe, name, ends)


def _send_some(arena: Arena, stripe: StripeLoad, ends: float) -> None:
    """Have some webhooks answered, and the rest of those up to *ends* on their way."""
    begun = stripe.opened
    stripe.open_to((begun + ends) / 2)
    arena.wait(lambda: stripe.is_answered(begun))
    stripe.open_to(ends)


def _kill_while_kafka_is_away(arena: Arena, stripe: StripeLoad, name: str, ends: float) -> None:
    """Kill the door while it holds webhooks that no broker can have taken: none of them had a 2xx."""
    stripe.open_to(ends / 2)
    arena.wait(lambda: stripe.is_answered(ends / 2))

    def lose_kafka() -> None:
        os.kill(arena.pid("kafka"), signal.SIGKILL)
        tried = len(stripe.sender.sent)
        stripe.open_to(ends)
        arena.wait(lambda: len(stripe.sender.sent) >= tried + _AT_THE_DOOR)

    arena.kill(name, when=lose_kafka)


def _matches(arena: Arena, slot: str) -> bool:
    return counted(arena.metrics("ingest"), "weir_webhook_secret_matches_total", slot=slot) > 0


def _let_both_wait(arena: Arena, stripe: StripeLoad, traffic: Traffic, usage: Sluice) -> None:
    """Have the rest of the flood on the log, some usage behind it, and all of that for who reads on to do."""
    with ExitStack() as frozen:
        for name in PROCESSORS:
            frozen.enter_context(arena.frozen(name))
        stripe.open_to(1)
        arena.wait(lambda: stripe.is_answered(1))
        before = traffic.events
        usage.open_to(2 * _USAGE)
        arena.wait(lambda: traffic.events >= before + _LATE_USAGE // 2)
