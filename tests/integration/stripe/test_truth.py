"""The mirror is true: what localstripe's webhooks told, and after a backfill all that localstripe holds."""

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from console.control.tenants import create_tenant
from console.control.topics import apply_topics
from console.control.webhook_secrets import add_secret
from console.demo.mirrored import wait_until_mirrored
from console.replay.rebuild import rebuild
from deploy.local.ports import free_port
from runtime.postgres import Connection, connect
from runtime.sealing import Keyring
from runtime.settings import Settings
from schemas.stripe_types import DELETING_TYPES, KIND_OF_TYPE, Kind
from sinks.mirror.core.tables import TABLES
from tests.integration.console.shipped import apply_shipped
from tests.running import Running
from tests.stack import Namespace
from tests.stripe.deliveries import Sender
from tests.stripe.double import StripeDouble, stripe_double
from tests.stripe.localstripe_story import MANY, Shop
from tests.stripe.mirrored import STANDING, items_of, lines_of, mirrored
from tests.stripe.previous import Object
from tests.stripe.receiver import Receiver, Sent, receiver
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

SECRET: Final = "whsec_" + "s" * 32
KEY: Final = "rk_test_of_the_double"
CHECKOUT: Final = Path(__file__).resolve().parents[3]
#: So long after the story somebody orders the backfill: Stripe lists its events no more.
LATER_S: Final = 35 * 86_400
#: What localstripe lists, or answers for, of what is mirrored.
PATHS: Final = {
    Kind.CUSTOMER: "customers",
    Kind.SUBSCRIPTION: "subscriptions",
    Kind.INVOICE: "invoices",
    Kind.PAYMENT_INTENT: "payment_intents",
    Kind.CHARGE: "charges",
    Kind.REFUND: "refunds",
}

Start = Callable[..., Running]
Id = tuple[Kind, str]


class Found(NamedTuple):
    """An object as the mirror has it."""

    row: Object
    #: Items of a subscription, lines of an invoice.
    parts: list[Object]
    settled: bool
    is_deleted: bool


class Told(NamedTuple):
    """An object as localstripe's events tell of it."""

    #: As it was in the last second in which something was told of it, the last one last.
    versions: list[Object]
    is_deleted: bool


@pytest.fixture
def settings(namespace: Namespace) -> Settings:
    return namespace.settings()


@pytest.fixture
def double(tmp_path: Path) -> Iterator[StripeDouble]:
    with stripe_double(tmp_path / "stripe", clock=(0, LATER_S)) as running:
        yield running


class Deliverer:
    """Delivers webhooks in an order of chance: some much later, some twice, and kills while it does."""

    def __init__(self, port: int, tenant: str, victims: Sequence[Running]) -> None:
        self._port = port
        self._tenant = tenant
        self._victims = victims
        self._chance = random.Random(71_301)
        self._late: list[Sent] = []
        self.kills = 0
        #: Answered 2xx at once, with the signature of localstripe itself.
        self.as_signed = 0

    def deliver(self, came: Sequence[Sent], *, all_of_it: bool = False) -> None:
        """Deliver *came* and what was left of before, but for what is left for later; kill one meanwhile."""
        waiting = [*came, *self._late]
        self._chance.shuffle(waiting)
        kept = 0 if all_of_it else len(waiting) // 4
        self._late, now = waiting[:kept], waiting[kept:]
        now += self._chance.sample(now, len(now) // 3)
        self._chance.shuffle(now)
        with ThreadPoolExecutor(4) as senders:
            some = senders.map(self._hand_over, [now[number::4] for number in range(4)])
            victim = self._victims[self.kills % len(self._victims)]
            self.kills += 1
            victim.kill()
            victim.restart()
            self.as_signed += sum(some)
            victim.wait_ready()

    def _hand_over(self, sent: Sequence[Sent]) -> int:
        sender = Sender(self._port)
        try:
            return sum(sender.hand_over(self._tenant, SECRET, *each) for each in sent)
        finally:
            sender.close()


def told(double: StripeDouble) -> dict[Id, Told]:
    """Return of which objects localstripe's events tell, and what they told last."""
    seconds: dict[Id, tuple[int, list[Object]]] = {}
    deleted: set[Id] = set()
    for event in reversed(whole_list(double, "events")):
        kind = KIND_OF_TYPE.get(event["type"])
        if kind is not None:
            about = event["data"]["object"]
            second, versions = seconds.get((kind, about["id"]), (0, []))
            versions = [*versions, about] if event["created"] == second else [about]
            seconds[kind, about["id"]] = event["created"], versions
            deleted |= {(kind, about["id"])} if event["type"] in DELETING_TYPES else set()
    return {key: Told(versions, key in deleted) for key, (_, versions) in seconds.items()}


def whole_list(double: StripeDouble, name: str) -> list[Object]:
    """Return all of a list, the newest first."""
    found: list[Object] = []
    more = True
    while more:
        behind = f"&starting_after={found[-1]['id']}" if found else ""
        page = double.get(f"/v1/{name}?limit=100{'&status=all' if name == 'subscriptions' else ''}{behind}")
        assert page is not None
        found += page["data"]
        more = page["has_more"]
    return found


def held(double: StripeDouble) -> dict[Id, Object]:
    """Return every object of the mirrored kinds that localstripe's API answers with."""
    found = {(kind, one["id"]): one for kind, path in PATHS.items() for one in whole_list(double, path)}
    for kind, customer in list(found):
        if kind is Kind.CUSTOMER:
            numbers = double.get(f"/v1/customers/{customer}/tax_ids")
            assert numbers is not None
            found |= {(Kind.TAX_ID, one["id"]): one for one in numbers["data"]}
    for kind, method in told(double):
        if kind is Kind.PAYMENT_METHOD:
            one = double.get(f"/v1/payment_methods/{method}")
            assert one is not None
            found[kind, method] = one
    return found


def mirror(connection: Connection, tenant: str) -> dict[Id, Found]:
    """Return all that the mirror has for *tenant*."""
    found: dict[Id, Found] = {}
    for kind, table in TABLES.items():
        parts: dict[str, list[Object]] = defaultdict(list)
        if table.parts is not None:
            owner = table.parts.owner
            query = f"select to_jsonb(t) from {table.parts.table} t where tenant = %s order by position"  # noqa: S608 -- our own names
            for (part,) in connection.execute(query.encode(), [tenant]):
                parts[part.pop(owner)].append(_without(part, frozenset({"tenant", "position"})))
        query = f"select id, to_jsonb(t) from {table.name} t where tenant = %s"  # noqa: S608 -- as above
        for object_id, row in connection.execute(query.encode(), [tenant]):
            found[kind, object_id] = Found(
                _without(row, STANDING), parts[object_id], row["settled"], row["deleted_at_ms"] is not None
            )
    return found


def _without(row: Object, names: frozenset[str]) -> Object:
    return {name: value for name, value in row.items() if name not in names}


def says(found: Found, about: Object, lines: list[Object] | None = None) -> bool:
    """Say whether *found* is *about*, an object of localstripe's; *lines*: all of an invoice's."""
    expected, parts = mirrored(about), []
    if about["object"] == "subscription":
        parts = items_of(about)
    if about["object"] == "invoice":
        parts = lines_of(lines or about["lines"]["data"])
        expected["lines_complete"] = lines is not None or expected["lines_complete"]
    return found.row == expected and found.parts == parts


def check_told(found: dict[Id, Found], expected: dict[Id, Told]) -> None:
    """Fail unless the mirror says what was told last, and marks where that does not tell itself."""
    assert found.keys() == expected.keys()
    for key, last in expected.items():
        assert found[key].is_deleted == last.is_deleted, key
        may_be = last.versions[-1:] if found[key].settled else last.versions
        assert any(says(found[key], version) for version in may_be), (key, found[key], may_be)


def check_true(found: dict[Id, Found], double: StripeDouble) -> None:
    """Fail unless the mirror holds what localstripe holds, object by object and field by field."""
    truth = held(double)
    assert {key for key, one in found.items() if not one.is_deleted} == truth.keys()
    for (kind, object_id), about in truth.items():
        one = found[kind, object_id]
        lines = None
        if kind is Kind.INVOICE:
            lines = whole_list(double, f"invoices/{object_id}/lines")
        assert one.settled, (kind, object_id)
        assert says(one, about, lines), (kind, one, about)
    for (kind, object_id), one in found.items():
        if one.is_deleted and kind is Kind.CUSTOMER:
            gone = double.get(f"/v1/customers/{object_id}")
            assert gone is not None
            assert gone["deleted"] is True


def weir(namespace: Namespace, *words: str, given: str = "") -> str:
    """Run `weir` as an operator of that later day does, and return what it says."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("WEIR_")}
    done = subprocess.run(
        [sys.executable, "tests/wrong_clock.py", str(LATER_S), "console.cli", *words],
        cwd=CHECKOUT,
        env={**inherited, **namespace.environ},
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def live(double: StripeDouble, came: Receiver, shop: Shop, deliverer: Deliverer) -> None:
    """Let the story happen, and deliver each chapter's webhooks while somebody is killed."""
    delivered = 0
    for chapter in (*shop.chapters(), None):
        if chapter is not None:
            await asyncio.to_thread(chapter)
        listed = {event["id"] for event in await asyncio.to_thread(whole_list, double, "events")}
        await came.until(lambda events, listed=listed: {each["id"] for each in events} >= listed)  # type: ignore[misc]
        await asyncio.to_thread(deliverer.deliver, came.sent[delivered:], all_of_it=chapter is None)
        delivered = len(came.sent)


async def test_the_mirror_equals_what_the_double_holds(
    namespace: Namespace, settings: Settings, start: Start, double: StripeDouble
) -> None:
    port = free_port()
    asking = {"WEIR_STRIPE_API": double.address, "WEIR_STRIPE_WALK_SECONDS": "86400"}
    with connect(settings, "test", autocommit=True) as connection:
        assert not apply_topics(settings, connection).findings
        apply_shipped(connection)
        tenant = create_tenant(connection, "acme")
        now_ms = time.time_ns() // 1_000_000
        add_secret(connection, Keyring.of(settings), tenant, SECRET, os.urandom(8), now_ms)
        start("console", "watch")
        sinks = start("sinks", "stripe", "mirror", WEIR_INSTANCE="sinks-1")
        victims = (
            start("ingest", WEIR_INGEST_PORT=str(port)),
            start("processors", "billing", WEIR_INSTANCE="processors-1"),
            sinks,
        )
        for each in victims:
            each.wait_ready()
        deliverer = Deliverer(port, tenant, victims)
        async with receiver(SECRET) as came:
            double.send_webhooks(came.url, SECRET)
            shop = await asyncio.to_thread(Shop, double.client())
            await live(double, came, shop, deliverer)
        assert came.refused == []
        wait_until_mirrored(settings, connection, 120)

        # What the webhooks alone tell, and what they leave open.
        found, expected = mirror(connection, tenant), told(double)
        check_told(found, expected)
        open_ones = {key for key, one in found.items() if not one.settled}
        assert (Kind.CUSTOMER, shop.twice_changed) in open_ones
        assert all(len(expected[key].versions) > 1 for key in open_ones)
        assert sum(not one.row.get("lines_complete", True) for one in found.values()) == 2
        assert not {kind for kind, _ in found} & {Kind.CHARGE, Kind.REFUND, Kind.PAYMENT_INTENT}
        assert deliverer.as_signed > len(came.sent) // 2

        # Weeks later Stripe lists none of these events any more. Somebody hands over a key.
        double.jump()
        assert sinks.terminate() == 0
        start("sinks", "stripe", "mirror", "jobs", WEIR_INSTANCE="sinks-1", clock=(LATER_S,), **asking)
        weir(namespace, "stripe-key", "add", "acme", "--from-file", "-", given=KEY)
        first = format_s(min(event["created"] for event in whole_list(double, "events")) - 1)
        ordered = weir(
            namespace, "webhook", "backfill", "acme", "--from", first, "--follow", "--format", "json"
        )
        assert json.loads(ordered)["state"] == "done"
        until(lambda: not connection.execute("select from stripe_doubts").fetchall())
        wait_until_mirrored(settings, connection, 120)
        found = mirror(connection, tenant)
        check_true(found, double)
        assert max(len(one.parts) for one in found.values()) > MANY
        assert {kind for kind, _ in found} >= {*PATHS, Kind.TAX_ID, Kind.PAYMENT_METHOD}
        assert all(table.is_equal for table in rebuild(settings, "again", lambda *_: None).tables)


def format_s(seconds: int) -> str:
    """Return a moment as commands take it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
