import time
from collections.abc import Callable
from typing import TypeVar

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from deploy.local.ports import free_port
from runtime.broker import Broker
from runtime.group_offsets import GroupOffsets
from runtime.kafka import consumer_config, producer_config
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.instant import DAY_MS
from schemas.topics import CATALOG, USAGE, topic_name
from tests.stack import Namespace

pytestmark = pytest.mark.integration

T = TypeVar("T")


@pytest.fixture
def usage(namespace: Namespace) -> str:
    namespace.create_topics(USAGE, CATALOG)
    return topic_name(namespace.prefix, USAGE)


@pytest.fixture
def broker(namespace: Namespace) -> Broker:
    return Broker.of(namespace.settings())


def produce(namespace: Namespace, topic: str, partition: int, count: int) -> None:
    producer = Producer(producer_config(namespace.settings(), "test", linger_ms=0))
    for number in range(count):
        producer.produce(topic, str(number).encode(), partition=partition)
    assert producer.flush(20) == 0


def patiently(question: Callable[[], T], seconds: float = 60) -> T:
    """Ask until there is an answer: a new broker needs a while before it can tell of groups."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            return question()
        except TryAgain:
            time.sleep(0.1)
    return question()


def test_a_topic_made_anew_has_another_id(namespace: Namespace, usage: str, broker: Broker) -> None:
    before = broker.topics([usage, "nowhere"])
    assert list(before) == [usage]
    assert before[usage].partitions == 4

    namespace.make_anew(USAGE)

    assert broker.topics([usage])[usage] != before[usage]


def test_the_ends_of_many_logs_come_in_one_answer(namespace: Namespace, usage: str, broker: Broker) -> None:
    produce(namespace, usage, 1, 3)
    partitions = [(usage, number) for number in range(4)]

    assert broker.latest(partitions) == {(usage, 0): 0, (usage, 1): 3, (usage, 2): 0, (usage, 3): 0}
    namespace.admin.delete_records([TopicPartition(usage, 1, 2)])[TopicPartition(usage, 1)].result(10)
    assert broker.earliest(partitions)[usage, 1] == 2


def test_an_offset_is_found_by_its_time(namespace: Namespace, usage: str, broker: Broker) -> None:
    produce(namespace, usage, 0, 2)
    time.sleep(0.05)
    between_ms = time.time_ns() // 1_000_000
    time.sleep(0.05)
    produce(namespace, usage, 0, 1)

    first = (usage, 0)
    assert broker.at_time([first], 0) == {first: 0}
    assert broker.at_time([first], between_ms) == {first: 2}
    assert broker.at_time([first], between_ms + DAY_MS) == {first: None}


def test_what_a_group_has_committed_is_known_to_who_is_not_in_it(namespace: Namespace, usage: str) -> None:
    offsets = GroupOffsets(namespace.settings())
    group = f"{namespace.prefix}sink-test"
    # On a broker whose groups nobody has asked for yet: there the admin client's answer is a crash.
    assert patiently(lambda: offsets.committed(group, [(usage, 2)])) == {(usage, 2): None}

    consumer = Consumer(consumer_config(namespace.settings(), "test", group))
    consumer.commit(offsets=[TopicPartition(usage, 2, 3)], asynchronous=False)
    consumer.close()

    assert offsets.committed(group, [(usage, 2), (usage, 3)]) == {(usage, 2): 3, (usage, 3): None}
    offsets.close()


def test_a_static_member_reads_what_a_producer_of_ours_wrote(namespace: Namespace, usage: str) -> None:
    produce(namespace, usage, 3, 2)
    group = f"{namespace.prefix}sink-test"
    consumer = Consumer(
        consumer_config(namespace.settings(), "test", group, member="sinks-1", auto_offset_reset="earliest")
    )
    consumer.subscribe([usage])
    values = [message.value() for message in consumer.consume(2, 20)]
    consumer.close()
    assert values == [b"0", b"1"]


def test_retention_is_told_in_milliseconds(namespace: Namespace, usage: str, broker: Broker) -> None:
    assert broker.retention_ms(usage) == 7 * DAY_MS
    assert broker.retention_ms(topic_name(namespace.prefix, CATALOG)) is None


def test_no_question_is_no_request(broker: Broker) -> None:
    assert broker.topics([]) == {}
    assert broker.latest([]) == {}


def test_a_log_that_is_not_there_is_a_reason_to_try_again(broker: Broker) -> None:
    with pytest.raises(TryAgain, match="Kafka has no answer"):
        broker.latest([("nowhere", 0)])


def test_want_of_an_answer_comes_with_the_reason_that_the_connection_failed() -> None:
    away = Broker.of(Settings.load({"WEIR_KAFKA": f"127.0.0.1:{free_port()}"}), seconds=1)
    with pytest.raises(TryAgain, match="Connection refused"):
        away.topics(["usage"])


def test_a_broker_that_is_away_is_a_reason_to_try_again_within_the_time_limit() -> None:
    settings = Settings.load({"WEIR_KAFKA": f"127.0.0.1:{free_port()}"})
    away, offsets = Broker.of(settings, seconds=1), GroupOffsets(settings, seconds=1)
    only = [("usage", 0)]
    began = time.monotonic()
    for question in (
        lambda: away.topics(["usage"]),
        lambda: away.latest(only),
        lambda: away.at_time(only, 0),
        lambda: offsets.committed("g", only),
        lambda: away.retention_ms("usage"),
    ):
        with pytest.raises(TryAgain):
            question()
    assert time.monotonic() - began < 5 * 2.5
    offsets.close()
