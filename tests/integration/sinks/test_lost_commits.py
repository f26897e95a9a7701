"""The store is not where it was left: an older copy of itself, or ahead by a commit that had no answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from runtime.postgres import Connection
from tests.integration.sinks.processor import Processor
from tests.integration.sinks.webhooks import Stripe
from tests.running import Running
from tests.stack import LocalStack
from tests.waiting import until

pytestmark = pytest.mark.integration
Start = Callable[..., Running]

ROLLUPS = ("rollups", "fate_counts", "progress", "sink_offsets")


def deliveries(database: Connection) -> list[Any]:
    return database.execute(
        "select event_id, sighting from webhook_deliveries order by source_offset"
    ).fetchall()


@contextmanager
def commits_unanswered(local_stack: LocalStack) -> Iterator[Connection]:
    """Let every commit happen, and wait for a standby that is not there before it is answered."""
    with psycopg.connect(local_stack.cluster.admin_dsn, autocommit=True) as admin:
        admin.execute("alter system set synchronous_standby_names = 'nobody'")
        admin.execute("select pg_reload_conf()")
        try:
            yield admin
        finally:
            admin.execute("alter system reset synchronous_standby_names")
            admin.execute("select pg_reload_conf()")


def end_waiting(admin: Connection, sink: str) -> bool:
    """End the session of *sink* that waits so; say whether there was one."""
    found = admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where wait_event = 'SyncRep' and application_name like %s",
        [f"%/sink-{sink}"],
    )
    return found.fetchone() is not None


def test_an_older_copy_of_the_store_is_read_on_from_where_it_stands(
    processor: Processor, database: Connection, start: Start
) -> None:
    sink = start("sinks", "rollups")
    sink.wait_ready()
    processor.work(batches=3)
    until(lambda: processor.is_stored(database))
    for table in ROLLUPS:
        name, copy = sql.Identifier(table), sql.Identifier(f"copy_of_{table}")
        database.execute(sql.SQL("create table {} as table {}").format(copy, name))
    processor.work(batches=3)
    until(lambda: processor.is_stored(database))

    with database.transaction():
        for table in ROLLUPS:
            name, copy = sql.Identifier(table), sql.Identifier(f"copy_of_{table}")
            database.execute(sql.SQL("delete from {}").format(name))
            database.execute(sql.SQL("insert into {} table {}").format(name, copy))
    assert not processor.is_stored(database)
    processor.work()

    until(lambda: processor.is_stored(database))
    assert "sink.displaced" in sink.log
    assert sink.exit_code is None


def test_a_commit_without_an_answer_is_neither_repeated_nor_taken_for_poison(
    stripe: Stripe, database: Connection, start: Start, local_stack: LocalStack
) -> None:
    sink = start("sinks", "stripe", "dead-letters")
    sink.wait_ready()
    with commits_unanswered(local_stack) as admin:
        stripe.send()
        until(lambda: end_waiting(admin, "stripe"))
    stripe.send()

    until(lambda: len(deliveries(database)) == 2)
    assert deliveries(database) == [("evt_1", "first"), ("evt_1", "repeat")]
    assert "sink.displaced" in sink.log
    assert "sink.rows_refused" not in sink.log
    assert sink.exit_code is None
