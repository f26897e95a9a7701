"""Facts reach the stream: once decided, soon, in order, whatever dies on the way."""

import signal
import threading
import time
from collections.abc import Callable

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from console.control.keys import create_key, limit_key, revoke_key
from console.control.tenants import create_tenant, limit_rate
from console.control.topics import apply_topics
from console.watch.outbox import pending, publish
from runtime.broker import Broker
from runtime.catalog import CatalogFollower
from runtime.health import Health
from runtime.kafka import consumer_config, producer_config
from runtime.postgres import Connection, connect
from runtime.settings import Settings
from schemas.catalog import KeyIssued, TenantNamed, decode_fact
from schemas.rate import Rate
from schemas.topics import CATALOG
from tests.integration.console.shipped import apply_shipped
from tests.stack import Namespace
from tests.waiting import until

pytestmark = pytest.mark.integration

StartRelay = Callable[[], Health]


@pytest.fixture(autouse=True)
def topics(settings: Settings, connection: Connection) -> None:
    assert not apply_topics(settings, connection).findings


def test_what_is_decided_is_what_readers_see(
    connection: Connection, relay: StartRelay, follower: CatalogFollower
) -> None:
    relay()
    apply_shipped(connection)
    create_tenant(connection, "Acme Inc.")
    key, _ = create_key(connection, "Acme Inc.", ["ingest"], bytes(32))

    until(lambda: follower.catalog.key(key.key_hash.hex()))

    catalog = follower.catalog
    assert follower.ready
    assert catalog.tenants == {"acme-inc": TenantNamed("acme-inc", "Acme Inc.")}
    assert [meter.name for meter in catalog.meters_at(0).meters][:2] == ["api", "storage"]
    assert {topic.generation for topic in catalog.topics.values()} == {1}
    assert "usage" in catalog.topics


def test_a_revoked_key_is_refused_within_two_seconds(
    connection: Connection, relay: StartRelay, follower: CatalogFollower
) -> None:
    relay()
    create_tenant(connection, "acme")
    key, _ = create_key(connection, "acme", ["ingest"], bytes(range(32)))
    until(lambda: follower.catalog.key(key.key_hash.hex()))

    started = time.monotonic()
    revoke_key(connection, key.key_id)
    until(lambda: follower.catalog.key(key.key_hash.hex()) is None, seconds=2)

    print(f"revoked after {time.monotonic() - started:.3f} s")  # noqa: T201


def test_a_changed_rate_holds_within_two_seconds(
    connection: Connection, relay: StartRelay, follower: CatalogFollower
) -> None:
    relay()
    create_tenant(connection, "acme")
    key, _ = create_key(connection, "acme", ["ingest"], bytes(range(32)))
    key_hash = key.key_hash.hex()
    until(lambda: follower.catalog.key(key_hash))

    limit_rate(connection, "acme", Rate(1, 2))
    until(lambda: follower.catalog.tenants["acme"].rate == Rate(1, 2), seconds=2)
    limit_key(connection, key.key_id, Rate(3, 4))
    until(lambda: follower.catalog.keys[key_hash].rate == Rate(3, 4), seconds=2)
    limit_key(connection, key.key_id, None)
    until(lambda: follower.catalog.keys[key_hash].rate is None, seconds=2)


def test_a_relay_that_died_before_it_marked_publishes_again_and_changes_nothing(
    settings: Settings, connection: Connection, relay: StartRelay, follower: CatalogFollower
) -> None:
    create_tenant(connection, "acme")
    key, _ = create_key(connection, "acme", ["ingest"], bytes(32))
    revoke_key(connection, key.key_id)
    # All that a kill between the two halves leaves behind: the facts on the log, none marked.
    facts = pending(connection)
    publish(Producer(producer_config(settings, "test")), settings.topic_prefix, facts)
    assert pending(connection) == facts

    relay()
    until(lambda: not pending(connection))

    topic = f"{settings.topic_prefix}catalog"
    assert Broker.of(settings).latest([(topic, 0)]) == {(topic, 0): 2 * len(facts)}
    until(lambda: follower.catalog.tenants)
    until(lambda: follower.catalog.keys[key.key_hash.hex()].revoked)
    assert follower.catalog.key(key.key_hash.hex()) is None


def test_two_relays_publish_each_fact_once_and_in_order(
    settings: Settings, connection: Connection, relay: StartRelay
) -> None:
    first, second = relay(), relay()
    until(lambda: first.readiness().good and second.readiness().good)
    before = on_the_log(settings)

    create_tenant(connection, "acme")
    keys = [create_key(connection, "acme", ["read"], bytes([n] * 32))[0] for n in range(20)]
    until(lambda: not pending(connection))
    time.sleep(0.5)  # time for a second copy to show itself

    published = on_the_log(settings)[len(before) :]
    assert [fact.key_id for fact in published if isinstance(fact, KeyIssued)] == [key.key_id for key in keys]


def test_a_change_that_fails_tells_nothing(connection: Connection) -> None:
    waiting = pending(connection)
    create_tenant(connection, "acme")
    with pytest.raises(ValueError, match="32 random bytes"):
        create_key(connection, "acme", ["read"], b"")
    create_key(connection, "acme", ["read"], bytes(32))
    with pytest.raises(Exception, match="duplicate key"):
        create_key(connection, "acme", ["read"], bytes(32))

    assert [fact.key.split("/")[0] for fact in pending(connection)[len(waiting) :]] == ["tenant", "key"]


def test_changes_at_the_same_time_become_visible_in_the_order_of_their_ids(
    settings: Settings, connection: Connection
) -> None:
    def create(number: int) -> None:
        with connect(settings, "test", autocommit=True) as own:
            create_tenant(own, f"tenant-{number}")

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    seen: list[int] = []
    while any(thread.is_alive() for thread in threads) or len(seen) < len(pending(connection)):
        seen += [fact.id for fact in pending(connection) if fact.id not in seen]

    assert seen == sorted(seen)


def test_the_relay_outlives_both_servers(
    namespace: Namespace, settings: Settings, connection: Connection, relay: StartRelay
) -> None:
    health = relay()
    create_tenant(connection, "before")
    until(lambda: not pending(connection))
    connection.close()

    for server in (namespace.stack.kafka, namespace.stack.postgres):
        server.send(signal.SIGKILL)
        server.wait(10)
    until(lambda: not health.readiness().good)
    assert health.liveness().good
    namespace.stack.heal()

    with connect(settings, "test", autocommit=True) as again, CatalogFollower(settings) as reader:
        create_tenant(again, "after")
        until(lambda: reader.catalog.tenants.keys() >= {"before", "after"}, seconds=90)


def test_a_catalogue_topic_that_was_made_anew_gets_every_fact_again(
    namespace: Namespace, settings: Settings, connection: Connection, relay: StartRelay
) -> None:
    create_tenant(connection, "acme")
    key, _ = create_key(connection, "acme", ["ingest"], bytes(32))
    revoke_key(connection, key.key_id)
    apply_shipped(connection)
    relay()
    until(lambda: not pending(connection))
    namespace.delete_topics(CATALOG)
    assert apply_topics(settings, connection).findings

    assert not apply_topics(settings, connection, adopt=True).findings
    until(lambda: not pending(connection))

    with CatalogFollower(settings) as reader:
        assert reader.wait_ready(60)
        assert reader.catalog.tenants.keys() == {"acme"}
        assert reader.catalog.keys[key.key_hash.hex()].revoked
        assert reader.catalog.topics["catalog"].generation == 2


def on_the_log(settings: Settings) -> list[object]:
    topic = f"{settings.topic_prefix}catalog"
    end = Broker.of(settings).latest([(topic, 0)])[topic, 0]
    consumer = Consumer(consumer_config(settings, "test", f"{settings.topic_prefix}test"))
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    facts: list[object] = []
    while len(facts) < end:
        message = consumer.poll(5)
        assert message is not None
        assert message.error() is None
        facts.append(decode_fact(message.value() or b""))
    consumer.close()
    return facts
