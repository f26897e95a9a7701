"""SIGKILL at any point loses nothing, doubles nothing, and never shows a state that the log never had."""

import os
import time
from collections.abc import Callable
from random import Random

import pytest

from runtime.postgres import Connection
from tests.integration.sinks.packs import Packs, archived
from tests.integration.sinks.processor import Processor
from tests.running import Running
from tests.stack import Namespace
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
Start = Callable[..., Running]
KILLS = 6


def seeded() -> Random:
    seed = int(os.environ.get("WEIR_CHAOS_SEED", time.time_ns() % 10**6))
    print(f"seed {seed}: repeat with WEIR_CHAOS_SEED={seed}")  # noqa: T201 - shown when the test fails
    return Random(seed)


def kill_while(sink: Running, random: Random, work: Callable[[], None]) -> None:
    """Let it take its logs, work on for a random moment, then kill it and start it again."""
    starts = sink.log.count("sink.assigned")
    until(lambda: sink.log.count("sink.assigned") > starts)
    deadline = time.monotonic() + random.random()
    while time.monotonic() < deadline:
        work()
    sink.kill()
    work()
    sink.restart()


def test_rollups_stay_exact_through_kills(processor: Processor, database: Connection, start: Start) -> None:
    random = seeded()

    def work() -> None:
        processor.work(batches=2, events=50)
        processor.check(database)

    sink = start("sinks", "rollups")
    for _ in range(KILLS):
        kill_while(sink, random, work)

    until(lambda: processor.is_stored(database))
    assert database.execute("select count(*) from dead_letters").fetchone() == (0,)
    assert sink.terminate() == 0


def test_the_archive_holds_every_event_once_through_kills(
    packs: Packs, database: Connection, start: Start, namespace: Namespace
) -> None:
    random = seeded()
    sink = start("sinks", "archive", WEIR_ARCHIVE_INTERVAL_MS="20", WEIR_ARCHIVE_ROWS="2000")
    for _ in range(KILLS):
        kill_while(sink, random, packs.write)

    root = namespace.settings().archive
    until(lambda: packs.are_archived(database))
    assert archived(database, root) == packs.written
    assert sink.terminate() == 0
