"""Of two that believe a log is theirs, only the one that claimed it last can write."""

import time
from collections.abc import Callable
from contextlib import suppress

import psycopg
import pytest

from runtime.postgres import Connection, connect
from tests.integration.sinks.processor import Processor
from tests.running import Running
from tests.stack import Namespace
from tests.waiting import until

pytestmark = pytest.mark.integration
Start = Callable[..., Running]
SESSION_SECONDS = 6


def test_a_newer_claim_of_a_log_stops_the_sink_before_it_writes_a_row_of_it(
    processor: Processor, database: Connection, start: Start
) -> None:
    sink = start("sinks", "rollups")
    sink.wait_ready()
    processor.work()
    until(lambda: processor.is_stored(database))
    claimed = "select * from rollups where partition = 0 order by customer"
    rows = database.execute(claimed).fetchall()

    database.execute("update sink_offsets set epoch = epoch + 1 where partition = 0")
    processor.work()

    until(lambda: sink.exit_code == 1)
    assert "belong to another process" in sink.log
    assert database.execute(claimed).fetchall() == rows
    sink.restart()
    until(lambda: processor.is_stored(database))


def test_a_zombie_writes_nothing_after_its_successor_took_over(
    processor: Processor, database: Connection, start: Start
) -> None:
    zombie = start("sinks", "rollups", WEIR_INSTANCE="sinks-a")
    zombie.wait_ready()
    processor.work(batches=3)
    zombie.freeze()
    processor.work(batches=3)
    successor = start("sinks", "rollups", WEIR_INSTANCE="sinks-b")

    until(lambda: processor.is_stored(database), SESSION_SECONDS + 40)
    (epoch,) = database.execute("select min(epoch) from sink_offsets").fetchone() or (0,)
    assert epoch >= 2
    zombie.thaw()
    for _ in range(20):
        processor.work()
        processor.check(database)
        time.sleep(0.1)

    # It is fenced and has crashed, or it has heard of the rebalance first and joined again.
    until(lambda: processor.is_stored(database))
    assert zombie.exit_code in {None, 1}
    assert successor.exit_code in {None, 1}


def test_a_predecessor_that_stands_still_within_a_copy_is_ended(
    processor: Processor, database: Connection, namespace: Namespace, start: Start
) -> None:
    """No time limit of PostgreSQL reaches such a session: without a hand it holds its locks for ever."""
    sink = start("sinks", "rollups")
    sink.wait_ready()
    processor.work()
    until(lambda: processor.is_stored(database))
    sink.terminate()
    with connect(namespace.settings(WEIR_INSTANCE="sinks-0"), "sink-rollups") as predecessor:
        predecessor.execute("update sink_offsets set epoch = epoch")
        predecessor.execute("create temporary table stage (line text)")
        with suppress(psycopg.OperationalError), predecessor.cursor().copy("copy stage from stdin") as copy:
            copy.write(b"half a line")
            processor.work()
            sink.restart()

            until(lambda: processor.is_stored(database), SESSION_SECONDS + 40)
            assert "sinks-0/sink-rollups" in sink.log
