"""What is away is waited for: the sink lives, is not ready, sets nothing aside, and goes on by itself."""

import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection

import psycopg
import pytest

from console.control.topics import apply_topics
from runtime.postgres import Connection, connect
from runtime.settings import Settings
from sinks.sql import migrate
from tests.integration.sinks.processor import Processor
from tests.running import Running
from tests.stack import LocalStack
from tests.waiting import until

pytestmark = pytest.mark.integration
Start = Callable[..., Running]


def ask(sink: Running, path: str) -> tuple[int, str]:
    """Return status and body; (0, "") while nobody listens."""
    connection = HTTPConnection("127.0.0.1", sink.health_port, timeout=5)
    try:
        connection.request("GET", f"/{path}")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


def status(sink: Running, path: str) -> int:
    return ask(sink, path)[0]


def test_postgresql_killed_under_load_costs_nothing(
    processor: Processor, settings: Settings, start: Start, local_stack: LocalStack
) -> None:
    sink = start("sinks", "rollups", "dead-letters")
    sink.wait_ready()
    processor.work(batches=3)

    local_stack.postgres.stop(0)
    processor.work(batches=20)
    until(lambda: status(sink, "readyz") == 503)
    assert status(sink, "livez") == 200
    local_stack.heal()

    with connect(settings, "test", autocommit=True) as database:
        until(lambda: processor.is_stored(database))
        assert database.execute("select count(*) from dead_letters").fetchone() == (0,)
    until(lambda: status(sink, "readyz") == 200)
    assert sink.exit_code is None


def test_a_table_that_is_locked_for_long_keeps_the_sink_in_its_group(
    processor: Processor, database: Connection, settings: Settings, start: Start
) -> None:
    sink = start("sinks", "rollups")
    sink.wait_ready()
    with connect(settings, "locker") as locker:
        locker.execute("lock table rollups in access exclusive mode")
        processor.work(batches=5)
        time.sleep(9)  # longer than the session, and than the time that the sink waits for a lock
        locker.rollback()

    until(lambda: processor.is_stored(database))
    assert 'reason="timeout",sink="rollups"} 0.0' not in ask(sink, "metrics")[1]
    assert database.execute("select distinct epoch from sink_offsets").fetchall() == [(1,)]


def test_a_broker_that_is_killed_and_started_again_is_followed_on(
    processor: Processor, database: Connection, start: Start, local_stack: LocalStack
) -> None:
    sink = start("sinks", "rollups")
    processor.work(batches=3)
    until(lambda: processor.is_stored(database))

    local_stack.kafka.stop(0)
    until(lambda: status(sink, "readyz") == 503)
    local_stack.heal()
    processor.work(batches=3)

    until(lambda: processor.is_stored(database))
    until(lambda: status(sink, "readyz") == 200)
    assert sink.exit_code is None


def test_it_waits_for_tables_and_topics_that_are_not_there_yet(settings: Settings, start: Start) -> None:
    sink = start("sinks")
    until(lambda: status(sink, "livez") == 200)
    assert status(sink, "readyz") == 503

    migrate(settings.postgres)
    with connect(settings, "test", autocommit=True) as database:
        assert not apply_topics(settings, database).findings
        processor = Processor(settings)
        processor.work()
        until(lambda: processor.is_stored(database))

    until(lambda: status(sink, "readyz") == 200)


def test_a_transaction_that_fails_on_the_way_is_tried_again(
    processor: Processor, database: Connection, start: Start, settings: Settings
) -> None:
    """Every backend of the sink is ended a few times while it writes."""
    sink = start("sinks", "rollups")
    sink.wait_ready()
    stop = threading.Event()

    def end_backends() -> None:
        with psycopg.connect(settings.postgres, autocommit=True) as killer:
            while not stop.wait(0.3):
                killer.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name like '%sink-rollups'"
                )

    killing = threading.Thread(target=end_backends)
    killing.start()
    for _ in range(15):
        processor.work(batches=3)
        processor.check(database)
    stop.set()
    killing.join()

    until(lambda: processor.is_stored(database))
    assert sink.exit_code is None
