"""What stands in the archive is what stood on the log."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.pack import UnknownPackVersion, encode_pack
from schemas.source_record import CLOUDEVENT, CLOUDEVENTS
from sinks.archive.usage_columns import UsageColumns
from sinks.archive.usage_records import read
from sinks.archive.usage_table import table_of
from sinks.core.record import Record
from tests.unit.schemas.generated import packfuls

RECORDED_AT_MS = 1_763_719_200_000
EVENT = UsageEvent(Series("t", "c", "x"), NOT_GIVEN, NO_QUANTITY, "s", "e", b"")


def rows_of(*records: Record) -> list[dict[str, Any]]:
    columns = UsageColumns()
    for record in records:
        columns.add(read(record))
    rows: list[dict[str, Any]] = table_of(columns, partition=5).to_pylist()
    assert len(rows) == columns.rows
    return rows


def packs(packfulls: Iterable[list[UsageEvent]]) -> list[Record]:
    return [
        Record(offset, RECORDED_AT_MS + offset, b"", encode_pack(events))
        for offset, events in enumerate(packfulls, 40)
    ]


def expected(event: UsageEvent, record: Record, index: int) -> dict[str, Any]:
    return {
        "tenant": event.series.tenant,
        "customer": event.series.customer,
        "type": event.series.type,
        "source": event.source,
        "id": event.id,
        "time_ms": event.occurred_at_ms(record.time_ms),
        "time_given": event.given_ms != NOT_GIVEN,
        "recorded_at_ms": record.time_ms,
        "quantity_micro": None if event.quantity_micro == NO_QUANTITY else event.quantity_micro,
        "rest": event.rest.decode(),
        "partition": 5,
        "offset": record.offset,
        "index": index,
        "unreadable": False,
        "raw": None,
    }


def plain(row: dict[str, Any]) -> dict[str, Any]:
    micro = row["quantity_micro"]
    return {**row, "quantity_micro": None if micro is None else int(micro)}


@given(st.lists(packfuls, min_size=1, max_size=4))
def test_every_event_of_every_pack_is_a_row_with_all_that_its_producer_sent(
    packfulls: list[list[UsageEvent]],
) -> None:
    records = packs(packfulls)

    rows = [plain(row) for row in rows_of(*records)]

    wanted = [
        expected(event, record, index)
        for record, events in zip(records, packfulls, strict=True)
        for index, event in enumerate(events)
    ]
    assert sorted(rows, key=lambda row: (row["offset"], row["index"])) == wanted
    assert [row["id"] for row in rows] == [
        row["id"]
        for row in sorted(
            wanted, key=lambda row: (row["tenant"], row["customer"], row["type"], row["time_ms"])
        )
    ]


def test_series_that_no_event_has_leave_no_trace() -> None:
    other = EVENT._replace(series=Series("t-0", "c-0", "x-0"))
    (record,) = packs([[other, EVENT]])
    wire = msgspec.msgpack.decode(record.value)
    index = wire[3]
    wire[3] = index[2:] * 2

    columns = UsageColumns()
    columns.add(read(structs.replace(record, value=msgspec.msgpack.encode(wire))))

    table = table_of(columns, partition=5)
    assert [
        table[name].combine_chunks().dictionary.to_pylist() for name in ("tenant", "customer", "type")
    ] == [
        ["t"],
        ["c"],
        ["x"],
    ]


def cloud_event(**members: object) -> bytes:
    given = {"specversion": "1.0", "id": "e-1", "source": "s", "type": "api", "subject": "c-1", **members}
    return json.dumps(given).encode()


def direct(value: bytes, content_type: str = CLOUDEVENT, tenant: bytes | None = b"t-1") -> Record:
    return Record(
        7, RECORDED_AT_MS, b"", value, [("Content-Type", content_type.encode()), ("tenant", tenant)]
    )


def test_a_cloud_event_written_past_the_door_is_a_row() -> None:
    (row,) = rows_of(direct(cloud_event(data={"quantity": "2.5"})))

    event = UsageEvent(Series("t-1", "c-1", "api"), NOT_GIVEN, 2_500_000, "s", "e-1", b"")
    assert plain(row) == expected(event, direct(b""), 0)


def test_of_a_batch_the_good_events_are_rows_and_the_bad_ones_keep_their_places() -> None:
    value = b"[%b,%b,7]" % (cloud_event(id="a"), cloud_event(id=""))

    rows = rows_of(direct(value, CLOUDEVENTS))

    assert [(row["index"], row["id"], row["unreadable"]) for row in rows] == [
        (1, "", True),
        (2, "", True),
        (0, "a", False),
    ]
    assert [row["raw"] for row in rows] == [value, None, None]


@pytest.mark.parametrize(
    "record",
    [
        Record(7, RECORDED_AT_MS, b"", b""),
        Record(7, RECORDED_AT_MS, b"", b"\xc1 junk"),
        Record(7, RECORDED_AT_MS, b"", encode_pack([EVENT])[:-3]),
        direct(b"{"),
        direct(cloud_event(), "text/plain"),
        direct(cloud_event(), tenant=None),
        direct(cloud_event(), tenant=b"\xff\xfe\0"),
        direct(b"[" * 100_000, CLOUDEVENTS),
        direct(b"[]", CLOUDEVENTS),
        direct(cloud_event(subject="\ud800")),
        direct(b'{"id": "\\u0000"}'),
    ],
)
def test_what_nobody_can_read_is_kept_as_bytes(record: Record) -> None:
    (row,) = rows_of(record)

    assert row["unreadable"]
    assert (row["raw"], row["offset"], row["index"]) == (record.value, 7, 0)
    assert (row["tenant"], row["id"], row["quantity_micro"]) == ("", "", None)
    assert row["time_ms"] == row["recorded_at_ms"] == RECORDED_AT_MS


def test_a_pack_of_a_later_release_stops_the_sink() -> None:
    with pytest.raises(UnknownPackVersion, match="upgrade"):
        read(Record(7, RECORDED_AT_MS, b"", b"\x91\x63"))
