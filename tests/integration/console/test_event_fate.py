"""The fate of an event is the same whether the archive has it already or only the log."""

import json
import time
from collections.abc import Callable

import pytest
from confluent_kafka import Producer

from console.cli import main
from console.control.tenants import create_tenant
from console.control.topics import apply_topics
from console.events.archive import Wanted
from console.events.core.answer import EventFate
from console.events.look_up import look_up
from runtime.kafka import producer_config
from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.event import NO_QUANTITY, Series, UsageEvent
from schemas.instant import HOUR_MS, format_instant
from schemas.pack import encode_pack
from schemas.partition import partition_of
from schemas.position import Position
from tests.integration.console.shipped import apply_shipped
from tests.running import Running
from tests.stack import PARTITIONS
from tests.waiting import until

pytestmark = pytest.mark.integration

StartProcess = Callable[..., Running]
ENOUGH_SECONDS = 60
NOW = time.time_ns() // 1_000_000
LONG_AGO = NOW - 5 * HOUR_MS


def event(event_id: str, *, kind: str = "api", at_ms: int = NOW, micro: int = 1_000_000) -> UsageEvent:
    return UsageEvent(Series("acme", "c-1", kind), at_ms, micro, "api", event_id, b'{"data":{"n":1.50}}')


def send(settings: Settings, *events: UsageEvent) -> None:
    """Append one record with *events*."""
    producer = Producer(producer_config(settings, "test"))
    partition = partition_of("acme", "c-1", PARTITIONS)
    producer.produce(f"{settings.topic_prefix}usage", encode_pack(events), partition=partition)
    assert producer.flush(10) == 0


def stored_through(connection: Connection, offset: int) -> bool:
    rows = connection.execute("select source_offset from progress").fetchall()
    return any(stored >= offset for (stored,) in rows)


def archived(connection: Connection, stream: str, rows: int) -> bool:
    found = connection.execute(
        "select coalesce(sum(rows), 0) from archive_files where stream = %s", (stream,)
    ).fetchone()
    return found is not None and found[0] >= rows


@pytest.mark.parametrize("archive_ms", ["200", "3600000"], ids=["archived", "on_the_tail"])
def test_each_fate_is_told(
    settings: Settings,
    connection: Connection,
    start: StartProcess,
    relay: Callable[[], object],
    archive_ms: str,
) -> None:
    assert not apply_topics(settings, connection).findings
    apply_shipped(connection)
    create_tenant(connection, "acme")
    relay()
    start("processors").wait_ready(ENOUGH_SECONDS)
    start("sinks", WEIR_ARCHIVE_INTERVAL_MS=archive_ms).wait_ready(ENOUGH_SECONDS)

    send(settings, event("e-1"), event("e-1"), event("e-1", micro=2_000_000), event("late", at_ms=LONG_AGO))
    send(settings, event("e-1"), event("odd", kind="nope"), event("none", kind="storage", micro=NO_QUANTITY))
    until(lambda: stored_through(connection, 1), ENOUGH_SECONDS)
    if archive_ms == "200":
        until(lambda: archived(connection, "usage", 7), ENOUGH_SECONDS)
        until(lambda: archived(connection, "verdicts", 6), ENOUGH_SECONDS)

    def fate(event_id: str, customer: str | None = "c-1", at: Position | None = None) -> EventFate:
        return look_up(settings, Wanted("acme", "api", event_id, customer), at)

    topic, partition = f"{settings.topic_prefix}usage", partition_of("acme", "c-1", PARTITIONS)
    first = f"{topic}/{partition}/0/0"
    found = fate("e-1")
    assert (found.fate, found.position) == ("counted", first)
    assert [(copy.fate, copy.duplicate_of) for copy in found.sightings] == [
        ("counted", None),
        ("duplicate", first),
        ("conflict", first),
        ("duplicate", first),
    ]
    assert found.window is not None
    assert found.window.start == format_instant(NOW // HOUR_MS * HOUR_MS)
    assert json.loads(found.bytes or "")["data"] == {"n": 1.5}
    assert '"n":1.50' in (found.bytes or "")
    assert fate("e-1", at=Position(topic, partition, 1, 0)).duplicate_of == first
    assert fate("late").fate == "late"
    assert fate("odd").fate == "unmatched"
    refused = fate("none")
    assert (refused.fate, refused.reason) == ("refused", "no_value")
    assert fate("never").fate == "unknown"
    assert fate("e-1", customer=None).position == first
    assert fate("e-1", customer="c-2").fate == "unknown"
    assert look_up(settings, Wanted("globex", "api", "e-1", None)).fate == "unknown"


def test_an_event_that_nobody_has_processed_yet_is_in_flight(
    settings: Settings,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert not apply_topics(settings, connection).findings
    create_tenant(connection, "acme")
    send(settings, event("e-1"))
    for name, value in {
        "WEIR_KAFKA": settings.kafka,
        "WEIR_POSTGRES": settings.postgres,
        "WEIR_TOPIC_PREFIX": settings.topic_prefix,
        "WEIR_PARTITIONS": str(settings.partitions),
        "WEIR_DATA": str(settings.data),
    }.items():
        monkeypatch.setenv(name, value)

    started = time.monotonic()
    assert main(["event", "api", "e-1", "--format", "json"]) == 0
    # Waiting for records that do not come would take ten seconds.
    assert time.monotonic() - started < 8

    answer = json.loads(capsys.readouterr().out)
    assert answer["fate"] == "in_flight"
    assert answer["quantity"] == "1"
    assert len(answer["sightings"]) == 1
