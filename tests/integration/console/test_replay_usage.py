"""`weir replay`: rollups, sketches and fates made once more are those that kills and restarts left behind."""

import hashlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pyarrow.parquet as pq
import pytest
from confluent_kafka import TopicPartition

from console.generator.quiet import wait_until_stored
from console.replay.rebuild import rebuild
from runtime.broker import Broker, Partition
from runtime.postgres import connect
from schemas.catalog import MetersPublished
from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.instant import DAY_MS, HOUR_MS
from schemas.meters import Aggregation, Meter
from schemas.partition import partition_of
from schemas.quantity import MICRO
from schemas.sketch import EXACT_UP_TO
from schemas.source_record import CLOUDEVENTS
from schemas.topics import USAGE, topic_name
from tests.integration.console.books.corner import Corner, Log, Past
from tests.integration.console.command import Command
from tests.running import Running, start_module
from tests.stack import PARTITIONS, LocalStack, Namespace
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
KILLS = 2
TABLES = ["rollups", "fate_counts", "sketches"]
HASHED = [*TABLES, "verdicts"]
METERS = (
    Meter(name="api", event_type="api", default_one=True),
    Meter(name="calls", event_type="api", aggregation=Aggregation.COUNT),
    Meter(name="people", event_type="api", aggregation=Aggregation.UNIQUE, unique_by=("person",)),
    Meter(name="slow", event_type="api", aggregation=Aggregation.P95, default_one=True),
    Meter(name="seats", event_type="seats", aggregation=Aggregation.TIME_WEIGHTED_SUM),
    Meter(name="bandwidth", event_type="bandwidth", properties=("bytes",), per_unit=2**30),
)
#: What holds of the last hours alone.
NEXT = (*METERS, Meter(name="teams", event_type="seats", aggregation=Aggregation.LATEST, group_by=("team",)))
BUSY = "c-0"
CUSTOMERS = (*(BUSY,) * 6, "c-1", "c-2", "c-3", "c-4", "c-5")


class Traffic:
    """Events of every kind and fate, the same ones for a seed and an instant."""

    def __init__(self, log: Log, now_ms: int, seed: int = 7) -> None:
        self._log = log
        self._now_ms = now_ms
        self._random = Random(seed)
        self._count = 0
        self._sent: list[UsageEvent] = []

    def send(self, packs: int) -> None:
        """Append so many records, and what nobody can read or only in part."""
        for number in range(packs):
            customer = self._random.choice(CUSTOMERS)
            events = [self._event(customer) for _ in range(self._random.randrange(1, 40))]
            mine = [event for event in self._sent if event.series.customer == customer]
            copies = self._random.sample(mine, min(3, len(mine)))
            conflicts = [copy._replace(quantity_micro=MICRO * 77) for copy in copies[:1]]
            self._sent += events
            self._log.pack(*events, *copies, *conflicts)
            if number % 10 == 0:
                self._strange(number)

    def _event(self, customer: str) -> UsageEvent:
        draw = self._random
        self._count += 1
        # One customer has so much to say of one hour that its sketches are blurred.
        busy_ms = self._now_ms - self._now_ms % HOUR_MS - 5 * HOUR_MS + draw.randrange(HOUR_MS)
        at_ms = draw.choice(
            (
                NOT_GIVEN,
                self._now_ms - draw.randrange(HOUR_MS),
                self._now_ms - draw.randrange(2 * DAY_MS),
                *(busy_ms,) * (6 if customer == BUSY else 1),
            )
        )
        kind = draw.choice(("api", "api", "api", "seats", "bandwidth", "nothing"))
        rest = b'{"data":{"bytes":"%d.25","person":"p-%d","team":"t-%d"}}' % (
            draw.randrange(10**9),
            draw.randrange(6_000),
            draw.randrange(3),
        )
        quantity = draw.choice((NO_QUANTITY, draw.randrange(10**12), draw.randrange(10**20)))
        return UsageEvent(
            Series("acme", customer, kind),
            at_ms,
            quantity,
            "api",
            f"e-{self._count}",
            draw.choice((rest, rest, rest, b"")),
        )

    def _strange(self, number: int) -> None:
        old = self._event("c-1")._replace(given_ms=self._now_ms - 40 * DAY_MS)
        self._log.pack(old)
        home = partition_of("acme", "c-2", PARTITIONS)
        self._log.raw(b"\x00 nobody reads this", home)
        cloud_event = b'{"specversion":"1.0","id":"ce-%d","source":"s","type":"api","subject":"c-2"}' % number
        headers = [("content-type", CLOUDEVENTS.encode()), ("tenant", b"acme")]
        self._log.raw(b"[" + cloud_event + b',{"specversion":"1.0"}]', home, headers)
        self._log.raw(b'[{"specversion":"1.0"}]', (home + 1) % PARTITIONS, headers)


class Installation:
    """The processes that make usage, and what they have to make it of."""

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        self.namespace = namespace
        self.settings = namespace.settings()
        self.log = Log(self.settings)
        now_ms = time.time_ns() // 1_000_000
        begins_ms = now_ms - now_ms % HOUR_MS - 9 * HOUR_MS
        self.log.catalog(MetersPublished(1, 0, METERS), MetersPublished(2, begins_ms, NEXT))
        self.traffic = Traffic(self.log, now_ms)
        self._folder = folder
        self.archive = self._start("sinks", "archive")
        # Archived, and lost to the processor: no row may have it.
        self.traffic.send(8)
        until(self.is_archived)
        self.eat(1)
        self.killed = [self._start("processors", "usage"), self._start("sinks", "rollups")]

    def kill(self) -> None:
        """SIGKILL processor and sink while they are at work, and start them again."""
        for process in self.killed:
            process.wait_ready()
            self.traffic.send(20)
            process.kill()
            process.restart()

    def is_archived(self) -> bool:
        """Say whether the archive has all that is on the log."""
        with connect(self.settings, "test", autocommit=True) as connection:
            (stored,) = connection.execute(
                "select coalesce(sum(next_offset), 0) from sink_offsets"
                " where sink = 'archive' and topic = 'usage'"
            ).fetchone() or (0,)
        return int(stored) == sum(self._ends().values())

    def eat(self, share: int) -> None:
        """Delete from the log one record of *share* of each partition, as retention would."""
        gone = [TopicPartition(*where, end // share) for where, end in self._ends().items()]
        for future in self.namespace.admin.delete_records(gone).values():
            future.result(30)

    def stop(self) -> None:
        """Stop what runs."""
        for process in (self.archive, *self.killed):
            process.kill()

    def _ends(self) -> dict[Partition, int]:
        topic = topic_name(self.settings.topic_prefix, USAGE)
        return Broker.of(self.settings).latest((topic, number) for number in range(PARTITIONS))

    def _start(self, *words: str) -> Running:
        environ = {
            **self.namespace.environ,
            "WEIR_INSTANCE": "-".join(words),
            # Nobody starts a process again that a busy machine has fenced off.
            "WEIR_SESSION_TIMEOUT_MS": "30000",
            "WEIR_ARCHIVE_INTERVAL_MS": "300",
            "WEIR_ARCHIVE_ROWS": "400",
        }
        return start_module(*words, environ=environ, folder=self._folder / "logs")


@pytest.fixture(scope="module")
def past(local_stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Make one that is killed again and again; a part is archived alone, a part is only on the log."""
    folder = tmp_path_factory.mktemp("replay")
    made = Installation(local_stack.new_namespace(folder), folder)
    try:
        made.traffic.send(120)
        for _ in range(KILLS):
            made.kill()
        wait_until_stored(made.settings, 120)
        until(made.is_archived)
        made.archive.terminate()
        made.eat(2)
        made.kill()
        wait_until_stored(made.settings, 120)
    finally:
        made.stop()
    yield made
    made.namespace.remove()


@pytest.fixture
def corner(past: Installation, tmp_path: Path) -> Corner:
    return Past(past.namespace).copy(tmp_path)


@pytest.fixture
def weir(corner: Corner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    for name in ("kafka", "postgres", "archive", "topic_prefix", "partitions"):
        monkeypatch.setenv(f"WEIR_{name.upper()}", str(getattr(corner.settings, name)))
    monkeypatch.delenv("WEIR_DATA", raising=False)
    return Command(capsys)


def test_usage_and_fates_are_made_once_more_from_archive_and_log_after_any_kills(
    corner: Corner, weir: Command
) -> None:
    fates = ("late", "in_grace", "duplicate", "conflict", "unmatched", "refused")
    sums = corner.ask(f"select {', '.join(f'sum({fate})' for fate in fates)} from fate_counts")  # noqa: S608
    assert 0 not in sums
    assert corner.ask("select count(distinct meter) from rollups") == (len(NEXT),)
    assert corner.ask("select count(*) > 1 from lost_ranges where reader = 'processor'") == (True,)
    (most,) = corner.ask("select max(events) from rollups where meter = 'people'")
    assert int(str(most)) > 2 * EXACT_UP_TO

    once = weir.json("replay", "--into", "once")
    assert weir.code == 0, (weir.err, once)
    assert "every table is as it is live" in weir.err
    assert [table["table"] for table in once[: len(HASHED)]] == HASHED
    assert all(table["rows"] > 10 for table in once[: len(HASHED)])
    assert weir.json("replay", "--into", "twice") == once
    for table in (*TABLES, "progress"):
        counted = [corner.ask(f"select count(*) from {schema}.{table}") for schema in ("once", "public")]  # noqa: S608
        assert counted[0] == counted[1]


def test_what_came_later_than_what_is_stored_is_left_out_and_told(past: Installation, weir: Command) -> None:
    past.traffic.send(30)
    found = weir.json("replay", "--into", "proof")
    assert weir.code == 0, (weir.err, found)
    assert "records came later than what is stored, and are left out" in weir.err


def test_any_order_of_partitions_and_any_memory_for_ids_give_the_same_hashes(corner: Corner) -> None:
    def backwards(numbers: Iterable[int]) -> list[int]:
        return sorted(numbers, reverse=True)

    # Most ids go to disk then.
    little = replace(corner.settings, dedupe_table_slots=1_024)
    natural, other = (
        rebuild(settings, name, lambda *_: None, order).tables
        for settings, name, order in ((corner.settings, "natural", sorted), (little, "other", backwards))
    )
    assert natural == other
    assert all(table.is_equal for table in natural)


@pytest.mark.parametrize(
    ("table", "damage"),
    [
        ("rollups", "update rollups set sum = sum + 1 where :one"),
        ("rollups", "delete from rollups where :one"),
        ("rollups", "update rollups set stamp = stamp - 1 where :one"),
        ("fate_counts", "update fate_counts set counted = counted + 1, late = late - 1 where late > 0"),
        ("fate_counts", "delete from fate_counts where :one"),
        ("sketches", "delete from sketches where :one"),
        ("sketches", "update sketches set content = '[[900000],[5]]' where meter = 'seats' and :one"),
    ],
)
def test_what_somebody_changed_is_found(corner: Corner, weir: Command, table: str, damage: str) -> None:
    one = f"ctid = (select ctid from {table} order by meter = 'seats' desc limit 1)"  # noqa: S608
    if table == "fate_counts":
        one = "ctid = (select ctid from fate_counts limit 1)"
    assert corner.run(damage.replace(":one", one)) > 0
    found = weir.json("replay", "--into", "proof")
    assert weir.code == 1
    assert [each["table"] for each in found if not each["is_equal"]] == [table]
    assert "not every table is as it is live" in weir.err


def test_a_verdict_that_is_gone_is_found_even_where_the_manifest_agrees(
    corner: Corner, weir: Command
) -> None:
    (name,) = corner.ask(
        "select name from archive_files where stream = 'verdicts' order by rows desc limit 1"
    )
    path = Path(corner.settings.archive) / str(name)
    pq.write_table(pq.ParquetFile(path).read().slice(1), path)
    weir("replay", "--into", "proof")
    assert weir.code == 2
    assert f"{name} of the archive is not as it was written (SHA-256): restore it" in weir.err

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    corner.run(f"update archive_files set sha256 = '\\x{digest}' where name = '{name}'")  # noqa: S608
    found = weir.json("replay", "--into", "again")
    assert weir.code == 1
    assert [each["table"] for each in found if not each["is_equal"]] == ["verdicts"]


def test_what_is_neither_archived_nor_on_the_log_is_named(corner: Corner, weir: Command) -> None:
    corner.run("delete from archive_files where stream = 'usage'")
    assert "NO" in weir("replay", "--into", "proof")
    assert weir.code == 1
    assert "are neither in the archive nor on the log any more" in weir.err
