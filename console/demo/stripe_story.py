"""A Stripe story, told to two tenants in two orders, while what it passes through is killed.

Each tenant has a mirror of it in the end: both have to say the same, and what is true.
"""

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from console.cli.reading import ask_store
from console.control.tenants import create_tenant
from console.demo.core.ends import End, differences, ends_of
from console.demo.core.stripe_lives import WITNESS, Story, subscription_of, tell_story
from console.demo.core.webhook_order import Order, order
from console.demo.kills import STRIPE_WAY, Kill, Nemesis
from console.demo.mirrored import wait_until_mirrored
from console.demo.stripe_sender import Sender, Webhook
from console.demo.stripe_tenant import mirrored_ends, open_endpoint
from console.demo.waiting import wait_for
from console.generator.sender import Sluice
from console.generator.traffic import Traffic
from console.mirror.core.timeline import Step
from console.mirror.proof import hash_tables
from console.mirror.reading import find_timeline
from console.queries import queries
from deploy.local.say import Say
from runtime.postgres import Connection, connect
from runtime.settings import Settings
from schemas.stripe_types import Kind

#: Who is killed, in order.
KILLS: Final = ("processors-1", "ingest", "sinks")
TENANTS: Final = ("dawn", "dusk")


class Subscribed(NamedTuple):
    """A subscription as the mirror has it; the amount is in the smallest unit of its currency."""

    customer: str
    subscription: str
    status: str
    quantity: int
    unit_amount: int
    currency: str


class Told(NamedTuple):
    """One tenant: what was sent to it, and what became of that."""

    tenant: str
    events: int
    #: Deliveries that an outage held up.
    late: int
    #: Attempts, those without an answer included.
    sent: int
    answered: int
    #: Deliveries on record: the first of their event, and the others.
    first: int
    repeat: int
    #: Events that were answered 2xx more often than they are on record.
    missing: list[str]
    #: What the mirror says otherwise than the story.
    wrong: list[str]
    #: Rows of the mirror, and what all of them say.
    rows: int
    sha256: str


class StripeStory(NamedTuple):
    """The story's end."""

    told: list[Told]
    kills: list[Kill]
    ends: list[End]
    subscriptions: list[Subscribed]
    timeline: list[Step]
    #: From the last answer until the mirror had all.
    mirrored_seconds: float

    @property
    def holds(self) -> bool:
        """Say whether all that was answered is on record, and the mirrors are true and equal."""
        return not any(one.missing or one.wrong for one in self.told) and self.are_equal

    @property
    def are_equal(self) -> bool:
        """Say whether the mirrors say the same."""
        return len({one.sha256 for one in self.told}) == 1


def play_stripe_story(data: Path, settings: Settings, url: str, seed: int, say: Say) -> StripeStory:
    """Play the story of *seed* against the stack in *data*. Raises TryAgain when it does not recover."""
    random = Random(seed)  # noqa: S311 -- the same seed is the same story
    story = tell_story(random.randrange)
    orders = {tenant: order(story.events, random.randrange) for tenant in TENANTS}
    with connect(settings, "demo", autocommit=True) as connection:
        secrets = {tenant: (_open(settings, connection, tenant),) for tenant in TENANTS}
        queues = [_queue(tenant, orders[tenant]) for tenant in TENANTS]
        sluice, traffic = Sluice(), Traffic()
        sender = Sender(url, secrets, sluice, traffic)
        nemesis = Nemesis(data, settings, traffic, STRIPE_WAY)
        webhooks = sum(map(len, queues))
        with ThreadPoolExecutor(1, "stripe") as pool:
            sending = pool.submit(sender.deliver, queues)
            try:
                kills = _kill_on_the_way(webhooks, nemesis, traffic, sluice, say)
            finally:
                sluice.open_to(webhooks)
            sending.result()
        answered_at = time.monotonic()
        wait_until_mirrored(settings, connection)
        seconds = time.monotonic() - answered_at
        told = [_told(connection, tenant, story, orders[tenant], sender) for tenant in TENANTS]
        shown = {"tenant": TENANTS[0]}
        return StripeStory(
            told,
            kills,
            list(mirrored_ends(connection, TENANTS[0])),
            [Subscribed(*row) for row in _rows(connection, "mirrored_subscriptions", shown)],
            _timeline(settings, TENANTS[0], subscription_of(story, WITNESS)),
            seconds,
        )


def _open(settings: Settings, connection: Connection, tenant: str) -> str:
    """Make *tenant* with a secret, and return that."""
    create_tenant(connection, tenant)
    return open_endpoint(settings, connection, tenant)


def _queue(tenant: str, ordered: Order) -> list[Webhook]:
    """Return the webhooks that *tenant* is to get."""
    return [
        Webhook(tenant, event["id"], json.dumps(event, indent=2, ensure_ascii=False))
        for event in ordered.deliveries
    ]


def _kill_on_the_way(
    webhooks: int, nemesis: Nemesis, traffic: Traffic, sluice: Sluice, say: Say
) -> list[Kill]:
    """Kill one after the other, each with webhooks before it and while it is away."""
    kills = []
    part = webhooks // len(KILLS)
    for nth, name in enumerate(KILLS):
        begun = nth * part
        sluice.open_to(begun + part // 2)
        wait_for(partial(_is_answered, traffic, begun + part // 4), "webhooks are not answered")
        kill = nemesis.kill(name, partial(sluice.open_to, begun + part))
        say(f"killed {name} (pid {kill.pid}): goes on after {kill.recovery_seconds:.2f} s")
        kills.append(kill)
    return kills


def _is_answered(traffic: Traffic, webhooks: int) -> bool:
    return traffic.events >= webhooks


def _told(connection: Connection, tenant: str, story: Story, ordered: Order, sender: Sender) -> Told:
    about = {"tenant": tenant}
    recorded = {row[0]: row[1:] for row in _rows(connection, "webhooks_recorded", about)}
    answered = {event_id: times for (whose, event_id), times in sender.answered.items() if whose == tenant}
    hashes = hash_tables(connection, tenant)
    return Told(
        tenant,
        len(story.events),
        ordered.late,
        sum(times for (whose, _), times in sender.sent.items() if whose == tenant),
        sum(answered.values()),
        sum(first for first, _ in recorded.values()),
        sum(repeat for _, repeat in recorded.values()),
        [each for each, times in answered.items() if sum(recorded.get(each, ())) < times],
        differences(mirrored_ends(connection, tenant), ends_of(story.objects.values())),
        sum(one.rows for one in hashes),
        sha256("".join(one.sha256 for one in hashes).encode()).hexdigest(),
    )


def _timeline(settings: Settings, tenant: str, subscription: str) -> list[Step]:
    return ask_store(
        settings, lambda connection: find_timeline(connection, tenant, Kind.SUBSCRIPTION, subscription)
    )


def _rows(connection: Connection, name: str, values: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
    return connection.execute(queries(__package__)[name], values).fetchall()
