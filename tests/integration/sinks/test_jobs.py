"""Durable jobs: ordered with the transaction that wants them, done by somebody, whatever is killed."""

import time
from collections.abc import Callable

import psycopg
import pytest
from psycopg.types.json import Jsonb

from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.alert import JobDeadlineMissed, decode_alert, encode_alert
from schemas.topics import ALERTS
from sinks.jobs.defer import Order, defer
from sinks.stripe.orders import WALKS
from tests.integration.sinks.stripe_tenant import read_partition
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


def give_run(database: Connection, period_s: int) -> None:
    """Order the run of a period as a process does; the run of a later one waits for it."""
    database.execute(
        "select jobs.procrastinate_defer_periodic_job_v2("
        "'weir', %(job)s, %(job)s, %(job)s, 0, '', %(at)s, %(with)s)",
        {"job": WALKS, "at": period_s, "with": Jsonb({"timestamp": period_s})},
    )


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
    give_run(database, int(time.time()) - 2 * 86_400)
    process = start("sinks", "jobs", **LONG)
    until(lambda: metric(process, 'weir_job_deadlines_missed_total{job="stripe.walks"}') == 1)
    assert "job.deadline_missed" in process.log


def test_a_worker_lives_on_for_others_when_a_sign_of_life_failed(database: Connection, start: Start) -> None:
    """Held for dead, its long orders would be done by two at once."""
    fresh = "select from jobs.procrastinate_workers where last_heartbeat > now() - interval '5 s'"
    process = start("sinks", "jobs", WEIR_STRIPE_WALK_SECONDS="1")
    until(lambda: database.execute(fresh).rowcount == 1)
    # As where PostgreSQL is about to stop, but for this alone.
    database.execute(
        "create function no() returns trigger language plpgsql as "
        "$$ begin raise exception 'not now' using errcode = 'cannot_connect_now'; end $$"
    )
    database.execute("create trigger no before update on jobs.procrastinate_workers execute function no()")
    until(lambda: database.execute(fresh).rowcount == 0)
    database.execute("drop trigger no on jobs.procrastinate_workers")
    until(lambda: database.execute(fresh).rowcount == 1)
    database.execute("delete from jobs.procrastinate_workers")
    until(lambda: database.execute(fresh).rowcount == 1)
    assert process.terminate(10) == 0


def missed(database: Connection) -> list[tuple[object, ...]]:
    """Return what was kept, and whether all of it is told."""
    rows = database.execute(
        "select fact, told_at_ms is not null from alert_facts where tenant = '' order by key"
    ).fetchall()
    return [(decode_alert(fact), is_told) for fact, is_told in rows]


def test_a_missed_deadline_is_told_of_once_whatever_is_killed(
    database: Connection, start: Start, settings: Settings
) -> None:
    """Nobody worked for a day. What has a period of five seconds was late once, not 17,280 times."""
    now_s = int(time.time())
    owed_s = now_s - 86_400
    database.execute(
        "insert into job_runs values ('stripe.due', %s, 5, 0), ('stripe.dunning', %s, 60, 0)",
        (owed_s - 5, now_s - 60),
    )
    process = start("sinks", "jobs", **LONG)
    for _ in range(2):
        until(lambda: [is_told for _, is_told in missed(database)] == [True])
        process.kill()
        # As if it had been killed before it could note either.
        database.execute("update alert_facts set told_at_ms = null")
        database.execute("update job_runs set period_s = %s where job = 'stripe.due'", (owed_s - 5,))
        process.restart()
    # Both run on, in time.
    until(lambda: database.execute("select from job_runs where period_s > %s", (now_s,)).rowcount >= 2)
    until(lambda: [is_told for _, is_told in missed(database)] == [True])
    [(fact, _)] = missed(database)
    assert isinstance(fact, JobDeadlineMissed)
    assert (fact.job, fact.owed_since_ms, fact.deadline_ms) == (
        "stripe.due",
        1_000 * owed_s,
        1_000 * (owed_s + 300),
    )
    told = [value for value, _ in read_partition(settings, ALERTS, "")]
    assert len(told) >= 2
    assert set(told) == {encode_alert(fact)}


def test_a_run_that_is_begun_again_misses_nothing(database: Connection, start: Start) -> None:
    """It began in time; when it was stopped, or met an outage, is no matter of its deadline."""
    period_s = int(time.time()) - 86_460
    database.execute("insert into job_runs values (%s, %s, 86400, 0)", (WALKS, period_s))
    give_run(database, period_s)
    start("sinks", "jobs", WEIR_STRIPE_WALK_SECONDS="1")
    until(
        lambda: (
            database.execute(
                "select from job_runs where job = %s and period_s > %s", (WALKS, period_s)
            ).rowcount
        )
    )
    assert missed(database) == []


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
