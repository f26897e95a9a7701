"""The lag that we export is what a hand computation gives, and what Kafka's own command says."""

import time
from functools import partial

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from console.control.topics import apply_topics
from console.watch.lag_exporter import LagExporter
from console.watch.record_times import RecordTimes
from runtime.health import Health
from runtime.kafka import consumer_config, producer_config
from runtime.metrics import Metrics
from runtime.postgres import Connection
from runtime.settings import Settings
from runtime.version import build
from schemas.process import CONSOLE
from tests.integration.console.kafka_tools import describe_group
from tests.stack import PARTITIONS, Namespace
from tests.waiting import until

pytestmark = pytest.mark.integration

RECORDS = 10
READ = 4


def produce(settings: Settings, topic: str, partition: int, count: int) -> list[int]:
    """Append records; return the broker's time of each."""
    times: list[int] = []
    producer = Producer(producer_config(settings, "test"))
    for _ in range(count):
        producer.produce(
            topic, b"x", partition=partition, on_delivery=lambda _e, m: times.append(m.timestamp()[1])
        )
        producer.flush(10)
        time.sleep(0.01)
    return times


def commit(settings: Settings, group: str, topic: str, partition: int, offset: int) -> None:
    consumer = Consumer(consumer_config(settings, "test", group))

    def committed() -> bool:
        try:
            consumer.commit(offsets=[TopicPartition(topic, partition, offset)], asynchronous=False)
        except KafkaException:  # the first group of a broker waits for its coordinator
            return False
        return True

    until(committed)
    consumer.close()


def test_lag_is_what_a_hand_computation_gives(
    namespace: Namespace, settings: Settings, connection: Connection
) -> None:
    assert not apply_topics(settings, connection).findings
    topic, group = f"{namespace.prefix}usage", f"{namespace.prefix}sink-archive"
    times = until(lambda: produce(settings, topic, 2, RECORDS))
    commit(settings, group, topic, 2, READ)
    metrics = Metrics(CONSOLE, build())
    times_reader = RecordTimes(settings)

    before_ms = time.time_ns() // 1_000_000
    LagExporter(settings, metrics, Health()).look(times_reader)
    after_ms = time.time_ns() // 1_000_000
    times_reader.close()

    def value(name: str, **labels: str) -> float:
        found = metrics.registry.get_sample_value(name, labels)
        assert found is not None, (name, labels)
        return found

    where = {"group": group, "topic": topic, "partition": "2"}
    (known,) = Consumer(consumer_config(settings, "test", group)).committed([TopicPartition(topic, 2)])
    assert known.offset == READ
    assert value("weir_consumer_lag_messages", **where) == RECORDS - READ
    assert value("weir_consumer_committed_offset", **where) == READ
    assert value("weir_topic_end_offset", topic=topic, partition="2") == RECORDS
    assert value("weir_topic_partitions", topic=topic) == PARTITIONS
    assert value("weir_topic_retention_seconds", topic=topic) == 7 * 86_400
    lag = value("weir_consumer_lag_seconds", **where)
    assert before_ms - times[READ] <= lag * 1_000 <= after_ms - times[READ]
    left = value("weir_time_to_data_loss_seconds", group=group, topic=topic)
    assert left == pytest.approx(7 * 86_400 - lag, abs=1)


def test_lag_is_what_kafkas_own_command_says(
    namespace: Namespace, settings: Settings, connection: Connection
) -> None:
    assert not apply_topics(settings, connection).findings
    topic, group = f"{namespace.prefix}usage", f"{namespace.prefix}sink-archive"
    for partition in range(PARTITIONS):
        until(partial(produce, settings, topic, partition, RECORDS + partition))
        commit(settings, group, topic, partition, READ + 2 * partition)
    metrics = Metrics(CONSOLE, build())
    times = RecordTimes(settings)

    LagExporter(settings, metrics, Health()).look(times)
    times.close()

    described = describe_group(settings.kafka, group)
    assert described.keys() == {(topic, partition) for partition in range(PARTITIONS)}
    for (_, partition), said in described.items():
        where = {"topic": topic, "partition": str(partition)}
        ours = [
            metrics.registry.get_sample_value(name, labels)
            for name, labels in (
                ("weir_consumer_committed_offset", {"group": group, **where}),
                ("weir_topic_end_offset", where),
                ("weir_consumer_lag_messages", {"group": group, **where}),
            )
        ]
        assert ours == list(said)
        assert said.lag == RECORDS - READ - partition


def test_a_group_that_never_started_is_behind_by_the_whole_log(
    namespace: Namespace, settings: Settings, connection: Connection
) -> None:
    assert not apply_topics(settings, connection).findings
    topic = f"{namespace.prefix}usage"
    until(lambda: produce(settings, topic, 0, 3))
    metrics = Metrics(CONSOLE, build())
    times = RecordTimes(settings)

    LagExporter(settings, metrics, Health()).look(times)
    times.close()

    labels = {"group": f"{namespace.prefix}usage-processor", "topic": topic, "partition": "0"}
    assert metrics.registry.get_sample_value("weir_consumer_lag_messages", labels) == 3
    assert (metrics.registry.get_sample_value("weir_consumer_lag_seconds", labels) or 0) > 0
