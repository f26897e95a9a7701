"""The archive: what the manifest says is there, whole and hashed; all else is an orphan."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.seen import offset_key
from schemas.topics import VERDICTS, topic_name
from schemas.verdict import Fate, RecordVerdicts, Verdict, encode_verdicts
from sinks.archive.folder import Folder
from sinks.archive.orphans import Orphans
from sinks.sql import queries
from sinks.store import Store
from tests.integration.sinks.packs import Packs, archived
from tests.running import Running
from tests.waiting import until

pytestmark = pytest.mark.integration
Start = Callable[..., Running]
SOON = {"WEIR_ARCHIVE_INTERVAL_MS": "300"}
DAY_SECONDS = 86_400


def test_hashes_rows_and_offsets_agree_with_the_manifest(
    packs: Packs, database: Connection, start: Start, settings: Settings
) -> None:
    sink = start("sinks", "archive", WEIR_ARCHIVE_ROWS="500", **SOON)
    for _ in range(5):
        packs.write()

    until(lambda: packs.are_archived(database))

    assert archived(database, settings.archive) == packs.written
    assert database.execute("select max(rows) <= 500 from archive_files").fetchone() == (True,)
    assert sink.terminate() == 0


def test_sigterm_closes_the_file_that_is_open(packs: Packs, database: Connection, start: Start) -> None:
    sink = start("sinks", "archive")
    packs.write()
    sink.wait_ready()

    def all_is_archived_after_another_short_life() -> bool:
        """Stop it soon, however little it has read by then: nothing else closes a file in that time."""
        time.sleep(1)
        assert sink.terminate() == 0
        archived_all = packs.are_archived(database)
        if not archived_all:
            sink.restart()
        return archived_all

    until(all_is_archived_after_another_short_life)


def test_what_nobody_can_read_is_archived_among_its_neighbours(
    packs: Packs, database: Connection, start: Start
) -> None:
    packs.write(packs=1)
    for junk in (b"junk", b"", b"\x91\x01"):
        packs.producer.produce(packs.topic, junk, partition=0)
    packs.write(packs=1)
    start("sinks", "archive", **SOON)

    def rows() -> int:
        (found,) = database.execute("select coalesce(sum(rows), 0) from archive_files").fetchone() or (0,)
        return int(found)

    until(lambda: rows() == len(packs.written) + 3)


def test_a_pack_of_a_later_release_stops_the_sink_and_names_what_to_do(
    packs: Packs, database: Connection, start: Start
) -> None:
    packs.producer.produce(packs.topic, b"\x91\x63", partition=0)
    assert packs.producer.flush(30) == 0
    sink = start("sinks", "archive", **SOON)

    until(lambda: sink.exit_code == 2)

    assert "upgrade this process" in sink.log
    assert "Traceback" not in sink.log
    assert database.execute("select count(*) from archive_files").fetchone() == (0,)


def test_verdicts_are_archived_beside_the_log(
    packs: Packs, database: Connection, start: Start, settings: Settings
) -> None:
    said = RecordVerdicts(5, [Verdict(3, Fate.DUPLICATE, first_offset=2), Verdict(9, Fate.UNMATCHED)])
    topic = topic_name(settings.topic_prefix, VERDICTS)
    packs.producer.produce(topic, encode_verdicts(said), offset_key(7), partition=1)
    assert packs.producer.flush(30) == 0
    start("sinks", "archive", **SOON)

    until(lambda: database.execute("select 1 from archive_files").fetchone())

    row = database.execute("select stream, partition, rows, first_time_ms from archive_files").fetchone()
    assert row == ("verdicts", 1, 2, 5)


def test_a_full_or_missing_folder_is_waited_for(
    packs: Packs, database: Connection, start: Start, settings: Settings
) -> None:
    root = Path(settings.archive)
    root.parent.mkdir(parents=True, exist_ok=True)
    root.write_text("a file where the folder should be")
    sink = start("sinks", "archive", **SOON)
    packs.write()
    until(lambda: "sink.waits" in sink.log)
    assert sink.exit_code is None

    root.unlink()

    until(lambda: packs.are_archived(database))
    assert archived(database, settings.archive) == packs.written


def test_orphans_go_after_a_day_and_nothing_else_does(
    packs: Packs, database: Connection, start: Start, settings: Settings
) -> None:
    packs.write()
    sink = start("sinks", "archive", **SOON)
    until(lambda: packs.are_archived(database))
    sink.terminate()
    folder = Folder(settings.archive)
    old, young = (f"usage/generation=1/partition=0/{name}.parquet" for name in ("old", "young"))
    folder.put(old, b"from a writer that died")
    folder.put(young, b"from a writer that may be at work")
    yesterday = time.time() - 2 * DAY_SECONDS
    for path in Path(settings.archive).rglob("*.parquet"):
        if path.name != "young.parquet":
            os.utime(path, (yesterday, yesterday))

    store = Store(settings, "test")
    removed = list(Orphans(folder, store, queries()).remove(time.time()))
    store.close()

    assert removed == [old]
    assert (Path(settings.archive) / young).exists()
    assert archived(database, settings.archive) == packs.written
