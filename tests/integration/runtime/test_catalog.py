import threading
import time
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Producer

from runtime.catalog import CatalogFollower
from runtime.kafka import producer_config
from schemas.catalog import Catalog, Fact, KeyIssued, MetersPublished, TenantNamed, encode_fact, fact_key
from schemas.errors import Misconfigured
from schemas.topics import CATALOG, topic_name
from tests.stack import LocalStack, Namespace
from tests.waiting import until

pytestmark = pytest.mark.integration

TENANT = TenantNamed("t-1", "Acme")
KEY = KeyIssued("00000001", "t-1", "ab" * 32, ("ingest",))
METERS = MetersPublished(1, 0, ())


class Changes:
    """Remembers what a follower said, and waits for more."""

    def __init__(self) -> None:
        self.snapshots: list[Catalog] = []
        self.failures: list[Exception] = []
        self._moved = threading.Condition()

    def snapshot(self, catalog: Catalog) -> None:
        with self._moved:
            self.snapshots.append(catalog)
            self._moved.notify_all()

    def failure(self, error: Exception) -> None:
        with self._moved:
            self.failures.append(error)
            self._moved.notify_all()

    def wait(self, until: Callable[[], object], seconds: float = 60) -> None:
        with self._moved:
            assert self._moved.wait_for(until, seconds)


def publish(namespace: Namespace, *facts: Fact | bytes) -> None:
    producer = Producer(producer_config(namespace.settings(), "test"))
    for fact in facts:
        key, value = ("raw", fact) if isinstance(fact, bytes) else (fact_key(fact), encode_fact(fact))
        producer.produce(topic_name(namespace.prefix, CATALOG), value, key)
    assert producer.flush(20) == 0


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def follower(namespace: Namespace, changes: Changes) -> Iterator[CatalogFollower]:
    with CatalogFollower(namespace.settings(), changes.snapshot, changes.failure) as started:
        yield started


def test_everything_published_before_the_start_is_in_the_first_ready_snapshot(namespace: Namespace) -> None:
    namespace.create_topics(CATALOG)
    many = [TenantNamed(f"t-{n}", "x") for n in range(5_000)]
    publish(namespace, METERS, *many, KEY)
    changes = Changes()

    with CatalogFollower(namespace.settings(), changes.snapshot) as follower:
        assert follower.wait_ready(60)
        assert len(follower.catalog.tenants) == 5_000
        assert follower.catalog.key(KEY.key_hash) == KEY
    assert len(changes.snapshots) == 1  # nobody ever saw a half-read catalogue


def test_an_empty_catalogue_is_not_ready(namespace: Namespace, changes: Changes) -> None:
    namespace.create_topics(CATALOG)
    with CatalogFollower(namespace.settings(), changes.snapshot) as follower:
        changes.wait(lambda: changes.snapshots, 60)
        assert not follower.ready
        assert "holds no meters" in (follower.missing() or "")

        publish(namespace, TENANT)
        changes.wait(lambda: follower.catalog.tenants)
        assert not follower.ready

        publish(namespace, METERS)
        assert follower.wait_ready(60)


def test_the_topic_may_be_made_after_the_follower_has_started(
    namespace: Namespace, follower: CatalogFollower
) -> None:
    assert not follower.wait_ready(2)
    assert "not been read" in (follower.missing() or "")

    namespace.create_topics(CATALOG)
    publish(namespace, METERS)

    assert follower.wait_ready(60)


def test_a_revoked_key_is_refused_within_a_second(namespace: Namespace, changes: Changes) -> None:
    namespace.create_topics(CATALOG)
    publish(namespace, METERS, KEY)
    with CatalogFollower(namespace.settings(), changes.snapshot) as follower:
        assert follower.wait_ready(60)
        before = follower.catalog

        publish(namespace, KeyIssued(KEY.key_id, KEY.tenant, KEY.key_hash, KEY.scopes, revoked=True))
        until(lambda: not follower.catalog.key(KEY.key_hash), 1)

    assert before.key(KEY.key_hash) == KEY  # a snapshot that somebody holds does not change


def test_facts_published_after_an_outage_of_kafka_arrive(
    local_stack: LocalStack, namespace: Namespace, follower: CatalogFollower, changes: Changes
) -> None:
    namespace.create_topics(CATALOG)
    publish(namespace, METERS, KEY)
    assert follower.wait_ready(60)

    local_stack.kafka.stop(0)
    time.sleep(2)
    assert follower.ready  # it serves with what it has
    assert follower.catalog.key(KEY.key_hash) == KEY
    local_stack.heal()
    publish(namespace, TENANT)

    changes.wait(lambda: TENANT.tenant in follower.catalog.tenants, 60)


def test_a_topic_made_anew_is_read_from_its_beginning(
    namespace: Namespace, follower: CatalogFollower, changes: Changes
) -> None:
    namespace.create_topics(CATALOG)
    publish(namespace, METERS, KEY)
    assert follower.wait_ready(60)

    namespace.delete_topics(CATALOG)
    time.sleep(1)
    assert follower.catalog.key(KEY.key_hash) == KEY  # an empty log does not take the keys away
    namespace.create_topics(CATALOG)
    publish(namespace, TENANT, METERS)

    changes.wait(lambda: TENANT.tenant in follower.catalog.tenants, 60)
    assert follower.ready
    assert follower.catalog.keys == {}


def test_a_fact_of_a_newer_release_is_a_failure_that_names_its_position(
    namespace: Namespace, changes: Changes
) -> None:
    namespace.create_topics(CATALOG)
    publish(namespace, METERS, KEY)
    with CatalogFollower(namespace.settings(), changes.snapshot, changes.failure) as follower:
        assert follower.wait_ready(60)
        publish(namespace, b'{"fact": "plan", "name": "pro"}')
        changes.wait(lambda: changes.failures)

        assert isinstance(changes.failures[0], Misconfigured)
        assert f"{namespace.prefix}catalog/0/2" in str(changes.failures[0])
        assert not follower.ready
        assert follower.catalog.key(KEY.key_hash) == KEY
