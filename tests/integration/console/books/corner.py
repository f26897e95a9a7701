"""A small installation with a past, made once by the real processes; each test gets a copy to damage."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from confluent_kafka import Producer
from psycopg import sql

from console.books.core.entries import Sheet, Span
from console.books.reconcile import reconcile_usage
from console.control.topics import apply_topics
from console.generator.quiet import wait_until_stored
from runtime.kafka import producer_config
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.catalog import Fact, MetersPublished, TenantNamed, encode_fact, fact_key
from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.instant import HOUR_MS, MINUTE_MS
from schemas.meters import Aggregation, Meter
from schemas.pack import encode_pack
from schemas.partition import partition_of
from schemas.quantity import MICRO
from schemas.source_record import CLOUDEVENTS
from schemas.topics import CATALOG, USAGE, topic_name
from tests.running import Running, start_module
from tests.stack import PARTITIONS, LocalStack, Namespace
from tests.waiting import until

METERS: Final = (
    Meter(name="api", event_type="api", default_one=True),
    Meter(name="bandwidth", event_type="bandwidth", properties=("bytes",), per_unit=2**30),
    Meter(name="seats", event_type="seats", aggregation=Aggregation.TIME_WEIGHTED_SUM),
)
#: Of the last phases: read from the log's tail, and not processed at all.
TAIL_EVENTS: Final = 3
IN_FLIGHT_EVENTS: Final = 2
_ONE_ROLLUP: Final = (
    "(tenant, customer, meter, window_start_ms, arrival_day) = (select tenant, customer, meter,"
    " window_start_ms, arrival_day from rollups where customer = 'c-3' order by window_start_ms limit 1)"
)
_ONE_FATE: Final = (
    "ctid = (select ctid from fate_counts where type = 'api' and counted > in_grace"
    " order by hour_ms desc limit 1)"
)
_CUSTOMERS: Final = ("c-1", "c-2", "c-3", "c-4", "c-5")


def event(event_id: str, at_ms: int, customer: str = "c-1", kind: str = "api") -> UsageEvent:
    return UsageEvent(Series("acme", customer, kind), at_ms, 2_000_000, "api", event_id, b"")


class Log:
    """Writes records straight to `weir.usage`, as the operator's own services may."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer = Producer(producer_config(settings, "books-test"))

    def catalog(self, *versions: MetersPublished) -> None:
        """Make the topics and publish what was decided, by default METERS, as the relay would."""
        with connect(self._settings, "books-test", autocommit=True) as connection:
            apply_topics(self._settings, connection)
            told = connection.execute("select key, value from outbox order by id").fetchall()
        topic = topic_name(self._settings.topic_prefix, CATALOG)
        facts: tuple[Fact, ...] = (
            TenantNamed("acme", "Acme"),
            *(versions or (MetersPublished(1, 0, METERS),)),
        )
        for key, value in [*told, *((fact_key(fact), encode_fact(fact)) for fact in facts)]:
            self._producer.produce(topic, value, key, partition=0)
        self._producer.flush(30)

    def pack(self, *events: UsageEvent) -> None:
        """Append one record, on the partition of its first event."""
        tenant, customer, _ = events[0].series
        self.raw(encode_pack(events), partition_of(tenant, customer, PARTITIONS))

    def raw(self, value: bytes, partition: int, headers: Iterable[tuple[str, bytes]] = ()) -> None:
        topic = topic_name(self._settings.topic_prefix, USAGE)
        self._producer.produce(topic, value, partition=partition, headers=list(headers))
        self._producer.flush(30)


def write_past(log: Log, now_ms: int) -> None:
    """Append events of every fate."""
    for round_number in range(3):
        for customer in _CUSTOMERS:
            log.pack(*(event(f"{round_number}-{n}", now_ms - n * HOUR_MS, customer) for n in range(40)))
    log.pack(event("0-0", now_ms), event("0-1", now_ms), event("untimed", NOT_GIVEN))
    log.pack(event("untimed", NOT_GIVEN), event("no meter", now_ms, kind="nothing"))
    log.pack(event("too old", now_ms - 40 * 24 * HOUR_MS), event("too far", now_ms + 2 * HOUR_MS))
    log.pack(event("by size", now_ms, "c-2", "bandwidth")._replace(rest=b'{"data":{"bytes":"1.5"}}'))
    log.pack(event("no size", now_ms, "c-2", "bandwidth")._replace(quantity_micro=NO_QUANTITY))
    hour_ms = now_ms - now_ms % HOUR_MS - 3 * HOUR_MS
    for customer, minute, seats in (("c-4", 15, 4), ("c-5", 30, 2)):
        at_ms = hour_ms + minute * MINUTE_MS
        log.pack(event("seats", at_ms, customer, "seats")._replace(quantity_micro=seats * MICRO))
    log.raw(encode_pack([event("lost", now_ms)]), 1 - partition_of("acme", "c-1", PARTITIONS) % 2)
    log.raw(b"\x00 nobody reads this", 0)
    cloud_event = b'{"specversion":"1.0","id":"ce","source":"s","type":"api","subject":"c-1"}'
    home = partition_of("acme", "c-1", PARTITIONS)
    headers = [("content-type", CLOUDEVENTS.encode()), ("tenant", b"acme")]
    log.raw(b"[" + cloud_event + b',{"specversion":"1.0"}]', home, headers)


@dataclass(frozen=True)
class Corner:
    """A copy of the installation: a database and an archive of its own, the same log."""

    settings: Settings

    def sheet(self, span: Span | None = None, *, full: bool = False) -> Sheet:
        return reconcile_usage(self.settings, span or Span(), full=full)

    def run(self, statement: str) -> int:
        """Do what nobody should do, to one row (:rollup, :fate) or more; return to how many."""
        statement = statement.replace(":rollup", _ONE_ROLLUP).replace(":fate", _ONE_FATE)
        with psycopg.connect(self.settings.postgres, autocommit=True) as connection:
            return connection.execute(statement.encode()).rowcount

    def damage_usage(self, column: str, place: int) -> int:
        """Add 1 to *column* of a customer's row of usage, one row for each *place*; return to how many."""
        statement = sql.SQL(
            "update rollups set {0} = {0} + 1 where ctid = (select ctid from rollups where customer = 'c-3'"
            " and window_start_ms = (select distinct window_start_ms from rollups where customer = 'c-3'"
            " order by 1 limit 1 offset {1}) limit 1)"
        )
        with psycopg.connect(self.settings.postgres, autocommit=True) as connection:
            return connection.execute(statement.format(sql.Identifier(column), sql.Literal(place))).rowcount

    def ask(self, statement: str) -> tuple[object, ...]:
        with psycopg.connect(self.settings.postgres, autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        return row

    def archive_file(self) -> tuple[Path, int]:
        """Return the file with the most rows, and their number."""
        name, rows = self.ask(
            "select name, rows from archive_files where stream = 'usage' order by rows desc limit 1"
        )
        assert isinstance(rows, int)
        return Path(self.settings.archive) / str(name), rows


@dataclass(frozen=True)
class Past:
    """The installation as the processes left it; nothing runs on it any more."""

    namespace: Namespace

    def copy(self, folder: Path) -> Corner:
        """Return a copy whose archive is below *folder*."""
        name = f"{self.namespace.name}_{folder.name[-20:].replace('-', '_')}".lower()
        with psycopg.connect(self.namespace.stack.cluster.admin_dsn, autocommit=True) as admin:
            admin.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(name)))
            template = sql.Identifier(self.namespace.name)
            admin.execute(
                sql.SQL("create database {} template {} owner weir").format(sql.Identifier(name), template)
            )
        shutil.copytree(self.namespace.settings().archive, folder / "archive")
        dsn = self.namespace.postgres.replace(self.namespace.name, name)
        return Corner(self.namespace.settings(WEIR_POSTGRES=dsn, WEIR_ARCHIVE=str(folder / "archive")))


def make_past(stack: LocalStack, folder: Path, now_ms: int) -> Past:
    """Let the real processes work in three phases: archived, only stored, only logged."""
    namespace = stack.new_namespace(folder)
    settings = namespace.settings()
    log = Log(settings)
    log.catalog()
    environ = {**namespace.environ, "WEIR_ARCHIVE_INTERVAL_MS": "300", "WEIR_ARCHIVE_ROWS": "100"}

    def start(module: str, *words: str) -> Running:
        instance = "-".join((module, *words))
        return start_module(
            module, *words, environ={**environ, "WEIR_INSTANCE": instance}, folder=folder / "logs"
        )

    write_past(log, now_ms)
    archive = start("sinks", "archive")
    others = (start("processors"), start("sinks", "rollups"))
    try:
        wait_until_stored(settings, 90)
        until(lambda: _archived(settings) == _logged(settings), 60)
        archive.terminate()
        log.pack(event("1-1", now_ms), *(event(f"tail-{n}", now_ms) for n in range(TAIL_EVENTS - 1)))
        wait_until_stored(settings, 60)
    finally:
        for process in (archive, *others):
            process.terminate()
    log.pack(*(event(f"waiting-{n}", now_ms) for n in range(IN_FLIGHT_EVENTS)))
    return Past(namespace)


def _archived(settings: Settings) -> int:
    with psycopg.connect(settings.postgres) as connection:
        row = connection.execute(
            "select coalesce(sum(last_offset - first_offset + 1), 0)::bigint from archive_files"
            " where stream = 'usage'"
        ).fetchone()
    return int(row[0]) if row else 0


def _logged(settings: Settings) -> int:
    with psycopg.connect(settings.postgres) as connection:
        row = connection.execute(
            "select coalesce(sum(source_offset + 1), 0)::bigint from progress"
        ).fetchone()
    return int(row[0]) if row else 0
