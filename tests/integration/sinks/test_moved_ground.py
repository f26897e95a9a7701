"""Offsets mean something on one log only: on any other the sink stops and says so."""

from collections.abc import Callable

import pytest
from confluent_kafka import TopicPartition

from runtime.broker import Broker
from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.topics import ROLLUPS
from tests.integration.sinks.processor import Processor
from tests.running import Running
from tests.stack import Namespace
from tests.waiting import until

pytestmark = pytest.mark.integration
Start = Callable[..., Running]


def test_a_topic_made_anew_while_the_sink_runs_stops_it(
    processor: Processor, database: Connection, start: Start, namespace: Namespace, settings: Settings
) -> None:
    sink = start("sinks", "rollups")
    processor.work(batches=3)
    until(lambda: processor.is_stored(database))
    rows = database.execute("select * from rollups order by 1, 2").fetchall()

    # It must not hear of the moment between: all that it can see is a log that goes on.
    sink.freeze()
    namespace.make_anew(ROLLUPS)
    stranger = Processor(settings, seed=99)
    stranger.work(batches=10)
    sink.thaw()

    until(lambda: sink.exit_code == 2)
    assert "was made anew" in sink.log
    assert "weir topics adopt" in sink.log
    assert "Traceback" not in sink.log
    assert database.execute("select * from rollups order by 1, 2").fetchall() == rows


def test_a_topic_made_anew_while_the_sink_was_away_stops_it(
    processor: Processor, database: Connection, start: Start, namespace: Namespace
) -> None:
    sink = start("sinks", "rollups")
    processor.work()
    until(lambda: processor.is_stored(database))
    sink.terminate()
    namespace.make_anew(ROLLUPS)

    sink.restart()

    until(lambda: sink.exit_code == 2)
    assert "was made anew" in sink.log


def test_an_adopted_topic_is_read_from_its_beginning(
    processor: Processor, database: Connection, start: Start, namespace: Namespace, settings: Settings
) -> None:
    sink = start("sinks", "rollups")
    processor.work()
    until(lambda: processor.is_stored(database))
    sink.terminate()
    namespace.make_anew(ROLLUPS)
    topic_id = Broker.of(settings).topics([processor.topic])[processor.topic].topic_id
    database.execute(
        "insert into topic_generations (topic, generation, topic_id, partitions)"
        " values ('rollups', 2, %s, 4)",
        (topic_id,),
    )

    processor.work()
    sink.restart()

    until(lambda: processor.is_stored(database))
    assert database.execute("select distinct generation from sink_offsets").fetchall() == [(2,)]


def test_a_log_that_ends_below_what_is_stored_stops_the_sink(
    processor: Processor, database: Connection, start: Start
) -> None:
    processor.work()
    sink = start("sinks", "rollups")
    until(lambda: processor.is_stored(database))
    sink.terminate()

    database.execute("update sink_offsets set next_offset = 1000000 where partition = 2")
    sink.restart()

    until(lambda: sink.exit_code == 2)
    assert "the log rollups/2 ends at" in sink.log


def test_records_that_retention_took_are_a_lost_range_and_the_sink_goes_on(
    processor: Processor, database: Connection, start: Start, namespace: Namespace
) -> None:
    processor.work()
    sink = start("sinks", "rollups")
    until(lambda: processor.is_stored(database))
    sink.terminate()
    (first,) = database.execute("select next_offset from sink_offsets where partition = 1").fetchone() or (0,)
    processor.work(batches=3)
    deleted = namespace.admin.delete_records([TopicPartition(processor.topic, 1, first + 5)])
    for future in deleted.values():
        future.result(timeout=30)

    sink.restart()
    processor.work()

    until(lambda: database.execute("select 1 from lost_ranges").fetchone())
    assert database.execute(
        "select reader, topic, partition, generation, first_offset, last_offset from lost_ranges"
    ).fetchall() == [("rollups", "rollups", 1, 1, first, first + 4)]
    until(lambda: "sink.records_lost" in sink.log)
    until(
        lambda: database.execute(
            "select 1 from progress where partition = 1 and source_offset = %s",
            (processor.final(1).source_offset,),
        ).fetchone()
    )
    assert sink.exit_code is None
