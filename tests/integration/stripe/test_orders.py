"""The whole way of Stripe's webhooks, in any order, through kills: one mirror, and it is the true one."""

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from console.cli.reading import ask_store
from console.control.tenants import create_tenant
from console.control.topics import apply_topics
from console.control.webhook_secrets import add_secret
from console.demo.mirrored import wait_until_mirrored
from console.demo.stripe_sender import Sender, Webhook
from console.generator.sender import Sluice
from console.generator.traffic import Traffic
from console.mirror.core.timeline import Step
from console.mirror.proof import hash_tables
from console.mirror.reading import find_timeline
from console.replay.rebuild import rebuild
from deploy.local.ports import free_port
from runtime.postgres import Connection, connect
from runtime.sealing import Keyring
from runtime.settings import Settings
from schemas.stripe_types import Kind
from sinks.mirror.core.tables import TABLES
from sinks.sql import migrate
from tests.integration.console.shipped import apply_shipped
from tests.running import Running
from tests.stack import Namespace
from tests.stripe.shapes import as_sent
from tests.stripe.stories import Story, story_of
from tests.unit.processors.billing.mirror_of import mirror_of

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

ORDERS = 200
KILLS = 12
SECRET = "whsec_" + "s" * 32

Start = Callable[..., Running]


@pytest.fixture
def settings(namespace: Namespace) -> Settings:
    return namespace.settings()


def _tenants(settings: Settings, connection: Connection, count: int) -> list[str]:
    """Make tenants with the one secret."""
    keyring, now_ms = Keyring.of(settings), time.time_ns() // 1_000_000
    tenants = [create_tenant(connection, f"order {number}") for number in range(count)]
    for tenant in tenants:
        add_secret(connection, keyring, tenant, SECRET, os.urandom(8), now_ms)
    return tenants


def _in_some_order(story: Story, tenant: str, seed: int) -> list[Webhook]:
    """Return the events in the order of *seed*, a third of them again; seed 0: as they happened."""
    told = [Webhook(tenant, event["id"], as_sent(event).decode()) for event in story.events]
    if not seed:
        return told
    chance = random.Random(seed)
    deliveries = [*told, *chance.sample(told, len(told) // 3)]
    chance.shuffle(deliveries)
    return deliveries


def _timeline_of(settings: Settings, tenant: str, subscription: str) -> list[Step]:
    return ask_store(
        settings, lambda connection: find_timeline(connection, tenant, Kind.SUBSCRIPTION, subscription)
    )


def test_every_order_ends_in_one_mirror_and_it_is_the_true_one(settings: Settings, start: Start) -> None:
    story = story_of(71_301, customers=1, most_steps=12)
    migrate(settings.postgres)
    port = free_port()
    with connect(settings, "test", autocommit=True) as connection:
        assert not apply_topics(settings, connection).findings
        apply_shipped(connection)
        tenants = _tenants(settings, connection, ORDERS)
        start("console", "watch")
        killed = [
            start("ingest", WEIR_INGEST_PORT=str(port)),
            start("processors", "billing", WEIR_INSTANCE="processors-1"),
            start("sinks", "stripe", "mirror", WEIR_INSTANCE="sinks-1"),
        ]

        queues = [_in_some_order(story, tenant, seed) for seed, tenant in enumerate(tenants)]
        sluice = Sluice()
        sluice.open_to(sum(map(len, queues)))
        secrets = dict.fromkeys(tenants, (SECRET,))
        sender = Sender(f"http://127.0.0.1:{port}", secrets, sluice, Traffic())
        with ThreadPoolExecutor(1) as pool:
            for kill in range(KILLS):
                some = pool.submit(sender.deliver, queues[kill::KILLS])
                victim = killed[kill % len(killed)]
                victim.kill()
                victim.restart()
                some.result()
                victim.wait_ready()
        wait_until_mirrored(settings, connection)

        hashes = Counter(tuple(hash_tables(connection, tenant)) for tenant in tenants)
        assert len(hashes) == 1, f"{len(hashes)} mirrors of one story"

        rows = sum(one.rows for one in next(iter(hashes)) if one.table in {t.name for t in TABLES.values()})
        truth = mirror_of(story.events)
        assert rows == len(truth)
        for table in TABLES.values():
            found = connection.execute(
                f"select id, to_jsonb(t) from {table.name} t where tenant = %s",  # noqa: S608 -- our own names
                [tenants[-1]],
            )
            for object_id, row in found:
                expected = truth[object_id].row
                assert {name: row[name] for name in expected if name in row} == {
                    name: value for name, value in expected.items() if name in row
                }
        again = [rebuild(settings, schema, lambda *_: None).tables for schema in ("once", "twice")]
        assert all(one.is_equal for run in again for one in run)
        assert again[0] == again[1]

        for object_id, said in truth.items():
            if object_id.startswith("sub_"):
                steps = _timeline_of(settings, tenants[-1], object_id)
                assert steps[-1].status == said.row["status"]
                assert all(step.is_allowed for step in steps)
