"""Durable jobs: ordered with the transaction that wants them, done by somebody, whatever is killed."""

import json
import time
from collections.abc import Callable

import psycopg
import pytest

from runtime.postgres import Connection
from sinks.jobs.defer import Order, defer
from sinks.stripe.orders import WALKS
from tests.integration.sinks.test_outages import ask, status
from tests.running import Running
from tests.stack import LocalStack
from tests.waiting import until

pytestmark = pytest.mark.integration
Start = Callable[..., Running]

#: Nobody has a key, so there is nothing to walk.
ORDER = Order(WALKS, {}, lock="one at a time", queueing_lock="one waits")
LONG = {"WEIR_STRIPE_WALK_SECONDS": "86400"}


def orders(database: Connection) -> list[tuple[object, ...]]:
    return database.execute(
        "select task_name, status::text from jobs.procrastinate_jobs order by id"
    ).fetchall()


def metric(process: Running, series: str) -> float:
    lines = ask(process, "metrics")[1].splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(series))


def test_an_order_is_there_with_its_transaction_and_only_then(database: Connection) -> None:
    def give_and_fail() -> None:
        with database.transaction():
            assert defer(database, ORDER)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        give_and_fail()
    assert orders(database) == []
    with database.transaction():
        assert defer(database, ORDER)
        assert not defer(database, ORDER)  # and the transaction goes on
        assert database.execute("select 1").fetchone() == (1,)
    assert orders(database) == [(WALKS, "todo")]


def test_orders_are_worked_on_and_forgotten(database: Connection, start: Start) -> None:
    defer(database, ORDER)
    process = start("sinks", "jobs", **LONG)
    until(lambda: metric(process, 'weir_jobs_total{job="stripe.walks",outcome="done"}') == 2)
    until(lambda: orders(database) == [])


def test_an_order_that_a_killed_process_was_at_is_taken_up(database: Connection, start: Start) -> None:
    """And one whose like waits already is not put beside it."""
    for _ in range(2):
        defer(database, ORDER._replace(lock=None))
        database.execute("update jobs.procrastinate_jobs set status = 'doing'")
    defer(database, ORDER._replace(queueing_lock="another"))
    database.execute("update jobs.procrastinate_jobs set status = 'doing' where queueing_lock = 'another'")
    defer(database, ORDER)
    start("sinks", "jobs", **LONG)
    until(lambda: orders(database) == [(WALKS, "aborted")] * 2)


def test_a_run_that_begins_when_its_period_is_over_is_counted(database: Connection, start: Start) -> None:
    period_s = int(time.time()) - 2 * 86_400
    database.execute(
        "select jobs.procrastinate_defer_periodic_job_v2('weir', null, null, %s, 0, '', %s, %s::jsonb)",
        (WALKS, period_s, json.dumps({"timestamp": period_s})),
    )
    process = start("sinks", "jobs", **LONG)
    until(lambda: metric(process, 'weir_job_deadlines_missed_total{job="stripe.walks"}') == 1)
    assert "job.deadline_missed" in process.log


def test_a_database_that_is_away_is_waited_for(
    database: Connection, start: Start, local_stack: LocalStack
) -> None:
    dsn = database.info.dsn
    process = start("sinks", "jobs", WEIR_STRIPE_WALK_SECONDS="1")
    process.wait_ready()
    local_stack.postgres.stop(0)
    until(lambda: status(process, "readyz") == 503)
    assert "jobs: store" in ask(process, "readyz")[1]
    assert status(process, "livez") == 200
    local_stack.heal()
    until(lambda: status(process, "readyz") == 200)
    done = metric(process, 'weir_jobs_total{job="stripe.walks",outcome="done"}')
    until(lambda: metric(process, 'weir_jobs_total{job="stripe.walks",outcome="done"}') > done)
    with psycopg.connect(dsn) as again:
        until(lambda: not [each for each in orders(again) if each[1] == "doing"])
    assert process.terminate(10) == 0


def test_it_stops_while_the_database_is_away(
    database: Connection, start: Start, local_stack: LocalStack
) -> None:
    assert not database.closed
    process = start("sinks", "jobs", **LONG)
    process.wait_ready()
    local_stack.postgres.stop(0)
    assert process.terminate(20) == 0


def test_without_tables_it_waits_and_a_wrong_name_ends_it(database: Connection, start: Start) -> None:
    database.execute("alter schema jobs rename to elsewhere")
    process = start("sinks", "jobs", **LONG)
    until(lambda: "weir db migrate" in ask(process, "readyz")[1])
    database.execute("alter schema elsewhere rename to jobs")
    until(lambda: status(process, "readyz") == 200)
    wrong = start("sinks", "job", WEIR_INSTANCE="sinks-2")
    until(lambda: wrong.exit_code is not None)
    assert (wrong.exit_code, "jobs" in wrong.log) == (2, True)
