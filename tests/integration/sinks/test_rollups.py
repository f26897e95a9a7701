"""What the processor wrote is what PostgreSQL shows, whatever happens on the way."""

import time
from collections.abc import Callable

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from runtime.postgres import Connection
from schemas import rollup
from schemas.rollup import LostKey, LostRow
from schemas.stamp import stamp_of
from tests.integration.sinks.processor import GENERATION, Processor, stored
from tests.running import Running
from tests.stack import PARTITIONS, Namespace
from tests.waiting import until

pytestmark = pytest.mark.integration
Start = Callable[..., Running]


def test_rows_and_their_progress_are_stored_together(
    processor: Processor, database: Connection, start: Start
) -> None:
    sink = start("sinks", "rollups")
    sink.wait_ready()

    for _ in range(20):
        processor.work()
        processor.check(database)
    until(lambda: processor.is_stored(database))

    assert sink.terminate() == 0


def test_rows_beyond_the_progress_wait_for_it_and_outlive_a_restart(
    processor: Processor, database: Connection, start: Start
) -> None:
    processor.work()
    sink = start("sinks", "rollups")
    until(lambda: processor.is_stored(database))
    before = stored(database)
    processor.rows(0, events=5)
    processor.rows(1, events=5)
    processor.producer.flush(10)
    time.sleep(1)
    assert stored(database) == before

    assert sink.terminate() == 0
    sink.restart()
    processor.progress(0)
    processor.progress(1)
    processor.producer.flush(10)

    until(lambda: processor.is_stored(database))


def test_reading_everything_again_writes_nothing_twice(
    processor: Processor, database: Connection, start: Start
) -> None:
    processor.work(batches=5)
    sink = start("sinks", "rollups")
    until(lambda: processor.is_stored(database))
    before = database.execute("select * from rollups order by 1, 2").fetchall()
    sink.terminate()

    database.execute("update sink_offsets set next_offset = 0")
    sink.restart()
    processor.work()

    until(lambda: processor.is_stored(database))
    after = database.execute("select * from rollups order by 1, 2").fetchall()
    unchanged = [row for row in before if row in after]
    assert unchanged, "rows that no event touched keep even the time at which they were stored"


def test_an_operator_who_resets_the_group_changes_nothing(
    processor: Processor, database: Connection, start: Start, namespace: Namespace
) -> None:
    sink = start("sinks", "rollups")
    processor.work(batches=3)
    until(lambda: processor.is_stored(database))
    sink.terminate()
    before = database.execute("select * from rollups order by 1, 2").fetchall()
    epochs = database.execute("select sum(next_offset), max(epoch) from sink_offsets").fetchone()

    group = f"{namespace.prefix}sink-rollups"
    earliest = [TopicPartition(processor.topic, partition, 0) for partition in range(PARTITIONS)]
    asked = namespace.admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, earliest)])
    asked[group].result(timeout=20)
    sink.restart()
    sink.wait_ready()
    time.sleep(1)

    assert database.execute("select * from rollups order by 1, 2").fetchall() == before
    assert epochs is not None
    offsets, epoch = epochs
    assert database.execute("select sum(next_offset), max(epoch) from sink_offsets").fetchone() == (
        offsets,
        epoch + 1,
    )


def test_kafka_is_told_how_far_the_store_is(
    processor: Processor, database: Connection, start: Start, namespace: Namespace
) -> None:
    sink = start("sinks", "rollups")
    processor.work(batches=3)
    until(lambda: processor.is_stored(database))
    assert sink.terminate() == 0

    group = f"{namespace.prefix}sink-rollups"
    asked = namespace.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
    told = {each.partition: each.offset for each in asked[group].result(timeout=20).topic_partitions}

    assert told == dict(database.execute("select partition, next_offset from sink_offsets").fetchall())


def test_two_sinks_share_the_partitions_and_either_can_do_it_all(
    processor: Processor, database: Connection, start: Start
) -> None:
    one = start("sinks", "rollups", WEIR_INSTANCE="sinks-a")
    other = start("sinks", "rollups", WEIR_INSTANCE="sinks-b")
    one.wait_ready()
    other.wait_ready()

    until(lambda: all('"sink.assigned"' in each.log for each in (one, other)))
    processor.work(batches=3)
    processor.check(database)
    until(lambda: processor.is_stored(database))
    one.kill()
    processor.work(batches=5)

    until(lambda: processor.is_stored(database))


def test_a_range_that_the_processor_lost_is_recorded(
    processor: Processor, database: Connection, start: Start
) -> None:
    processor.work()
    lost = LostRow(99, 1_763_719_200_000, stamp_of(GENERATION, 3))
    processor.raw(2, rollup.encode(LostKey(2, 10)), rollup.encode(lost))
    start("sinks", "rollups")

    until(lambda: database.execute("select 1 from lost_ranges").fetchone())

    row = database.execute(
        "select reader, topic, partition, generation, first_offset, last_offset, found_at from lost_ranges"
    ).fetchone()
    assert row is not None
    assert row[:6] == ("processor", "usage", 2, GENERATION, 10, 99)
    assert row[6].timestamp() * 1_000 == 1_763_719_200_000
