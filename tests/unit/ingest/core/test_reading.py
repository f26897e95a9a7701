"""The fast reading agrees with the reading that decides, whatever the bytes."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.fast import FastReader
from ingest.core.forms import Form
from ingest.core.problem import Refused
from ingest.core.reading import Batch, Reader, Rejection
from ingest.core.routes import Routes, Unusual
from schemas.admission import EventRejected, Finding, read_event
from schemas.catalog import Catalog, MetersPublished
from schemas.event import NOT_GIVEN, Series, UsageEvent
from schemas.groups import Filter
from schemas.instant import HOUR_MS, format_instant
from schemas.meters import Meter
from schemas.partition import partition_of
from tests.unit.ingest.core.raw_events import NOW_MS, raw_events

API = Meter(name="api", event_type="api", default_one=True)
STORAGE = Meter(name="storage", event_type="storage", properties=("bytes", "hours"), per_unit=2**30)
CATALOG = Catalog().with_facts([MetersPublished(1, 0, (API, STORAGE))])
PARTITIONS = 4
SHORT: dict[str, Any] = {"id": "e-1", "customer": "c-1", "meter": "api", "time": format_instant(NOW_MS)}
CLOUD: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "s-1",
    "type": "api",
    "subject": "c-1",
    "time": format_instant(NOW_MS),
}


def read(body: object, form: Form = Form.JSON, catalog: Catalog = CATALOG) -> Batch:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reader(PARTITIONS).read(content, form, "acme", catalog, NOW_MS)


def deciding(raw: bytes) -> UsageEvent | Rejection:
    try:
        return read_event(raw, "acme", NOW_MS)
    except EventRejected as rejected:
        return Rejection(None, rejected.findings)


def in_order(batch: Batch) -> list[UsageEvent | Rejection]:
    good = iter(batch.events)
    every = range(len(batch.events) + len(batch.rejected))
    return [
        batch.rejected[place]._replace(id=None) if place in batch.rejected else next(good) for place in every
    ]


#: One for all examples: what it has learned from one must not change how it reads the next.
READER = Reader(PARTITIONS)


def ends_where_it_should(raw: bytes) -> bool:
    """Say whether *raw* is JSON but for bytes that are not UTF-8, and for NaN."""
    try:
        json.loads(raw.decode(errors="surrogateescape"), parse_int=str)
    except ValueError:
        return False
    return True


@given(st.lists(raw_events().filter(ends_where_it_should), min_size=1, max_size=4))
def test_an_array_is_read_as_its_events_one_by_one(raws: list[bytes]) -> None:
    batch = READER.read(b"[" + b",".join(raws) + b"]", Form.JSON, "acme", CATALOG, NOW_MS)
    assert in_order(batch) == [deciding(raw) for raw in raws]


@given(st.lists(raw_events().map(lambda raw: raw.replace(b"\n", b" ")), min_size=1, max_size=4))
def test_lines_are_read_as_their_events_one_by_one(raws: list[bytes]) -> None:
    batch = READER.read(b"\n".join(raws), Form.LINES, "acme", CATALOG, NOW_MS)
    assert in_order(batch) == [deciding(raw) for raw in raws]


@given(raw_events())
def test_a_single_event_is_read_as_it_is(raw: bytes) -> None:
    batch = READER.read(raw, Form.JSON, "acme", CATALOG, NOW_MS)
    assert in_order(batch) == [deciding(raw)]


@given(st.lists(raw_events(), min_size=1, max_size=3), st.binary(max_size=3), st.integers(0, 200))
def test_no_bytes_make_it_fail(raws: list[bytes], noise: bytes, at: int) -> None:
    body = b"[" + b",".join(raws) + b"]"
    with suppress(Refused):
        READER.read(body[:at] + noise + body[at:], Form.JSON, "acme", CATALOG, NOW_MS)


@pytest.mark.parametrize(
    "event",
    [
        SHORT,
        SHORT | {"quantity": "3"},
        SHORT | {"quantity": 3},
        SHORT | {"quantity": 0.5},
        SHORT | {"source": "s-1", "data": {"endpoint": "/x", "status": 200, "cached": True, "none": None}},
        SHORT | {"data": {}},
        SHORT | {"customer": "Köln"},
        {key: SHORT[key] for key in ("id", "customer", "meter")},
        CLOUD,
        CLOUD | {"datacontenttype": "application/json", "data": {"quantity": "1.5", "endpoint": "/x"}},
        CLOUD | {"data": {"quantity": 7}},
    ],
)
def test_the_common_shapes_are_read_fast(event: dict[str, Any]) -> None:
    raw = json.dumps(event, ensure_ascii=False).encode()
    routes = Routes(CATALOG, PARTITIONS).of_tenant("acme")
    taken = FastReader().batch(b"[%b,%b]" % (raw, raw), routes, NOW_MS)
    assert taken.events == [deciding(raw)] * 2
    assert FastReader().one(raw, routes, NOW_MS)[0] == deciding(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"id":"e-1","customer":"c-1","meter":"api","id":"e-2"}',
        b'{"id":"e-1","customer":"c-1","meter":"api","data":{"a":1,"a":2}}',
        b'{"id":"e-1","customer":"c-1","meter":"api","source":""}',
        b'{"id":"e-1","customer":"c-1","meter":"api","time":""}',
        b'{"id":"e-1","customer":"c-1","meter":"api","region":"eu"}',
        b'{"id":"e\\u002d1","customer":"c-1","meter":"api"}',
        b'{"id":"e-1","customer":"c-1","meter":"\xff"}',
    ],
)
def test_a_batch_with_a_stranger_in_it_is_left_to_the_reading_that_decides(raw: bytes) -> None:
    routes = Routes(CATALOG, PARTITIONS).of_tenant("acme")
    with pytest.raises(Unusual):
        FastReader().batch(b"[%b]" % raw, routes, NOW_MS)
    with pytest.raises(Unusual):
        FastReader().one(raw, routes, NOW_MS)


@pytest.mark.parametrize(
    "members",
    [
        b'"quantity":-0',
        b'"quantity":"-1"',
        b'"quantity":"x"',
        b'"quantity":null',
        b'"time":"yesterday"',
        b'"time":"2000-01-01T00:00:00Z"',
        b'"time":"2030-01-01T00:00:00Z"',
        b'"data":{"a":{"b":1}}',
        b'"data":[]',
        b'"source":"\xe2\x80\x8b"',
    ],
)
def test_an_unusual_event_alone_is_left_to_the_reading_that_decides(members: bytes) -> None:
    routes = Routes(CATALOG, PARTITIONS).of_tenant("acme")
    good, odd = json.dumps(SHORT).encode(), b'{"id":"e-2","customer":"c-1","meter":"api",%b}' % members
    taken = FastReader().batch(b"[%b, %b ,%b]" % (good, odd, good), routes, NOW_MS)
    assert taken.unusual == {1: odd}
    with pytest.raises(Unusual):
        FastReader().one(odd, routes, NOW_MS)
    assert taken.events == [deciding(good)] * 2


def test_a_name_that_stands_twice_does_not_hide_behind_an_unusual_event() -> None:
    odd = b'{"id":"e-2","customer":"c-1","meter":"api","quantity":"-1"}'
    twice = b'{"id":"e-1","customer":"c-1","meter":"api","id":"e-3"}'
    batch = read(b"[%b,%b]" % (odd, twice))
    assert [found.findings[0].code for found in batch.rejected.values()] == [
        "quantity_negative",
        "duplicate_key",
    ]


def test_an_event_that_is_rejected_for_its_value_is_not_warned_of() -> None:
    mute = {key: SHORT[key] for key in ("customer",)} | {"meter": "storage"}
    batch = read([mute | {"id": "e-1"}, mute | {"id": "e-2", "quantity": "1"}])
    assert list(batch.rejected) == [0]
    assert {place: [each.code for each in found] for place, found in batch.warnings.items()} == {
        0: ["no_time"]
    }


def test_who_is_left_over_goes_where_its_customer_goes() -> None:
    odd: list[dict[str, Any]] = [{"quantity": "-1"}, {"data": {"a": {"b": 1}}}, {}]
    batch = read([SHORT | odd[number % 3] | {"customer": f"c-{number}"} for number in range(30)])
    assert len(batch.events) == 20
    assert batch.partitions == [
        partition_of("acme", event.series.customer, PARTITIONS) for event in batch.events
    ]


def test_good_neighbours_of_a_bad_event_are_kept() -> None:
    batch = read([SHORT, SHORT | {"quantity": "-1"}, SHORT | {"id": "e-3"}, {"id": "e-4"}])
    assert [event.id for event in batch.events] == ["e-1", "e-3"]
    assert {place: (bad.id, bad.findings[0].code) for place, bad in batch.rejected.items()} == {
        1: ("e-1", "quantity_negative"),
        3: ("e-4", "customer_missing"),
    }


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"id":"e-2","customer":"c-1","meter":"api","quantity":NaN}', "not_json"),
        (b'{"id":"e-2","customer":"\\ud800","meter":"api"}', "text_not_storable"),
        (b'{"id":"e-2","customer":"\xff","meter":"api"}', "not_utf8"),
        (b'{"id":"e-2","customer":"c-1","meter":"api","a":' + b"[" * 40 + b"]" * 40 + b"}", "too_deep"),
        (
            b'{"id":"e-2","customer":"c-1","meter":"api","quantity":' + b"9" * 5_000 + b"}",
            "quantity_too_large",
        ),
    ],
)
def test_what_json_readers_disagree_on_spoils_one_event_only(raw: bytes, code: str) -> None:
    good = json.dumps(SHORT).encode()
    batch = read(b"[%b,%b , %b]" % (good, raw, good))
    assert len(batch.events) == 2
    assert [found.code for found in batch.rejected[1].findings] == [code]


def test_each_event_is_routed_by_its_customer() -> None:
    events = [SHORT | {"customer": f"c-{number}"} for number in range(50)]
    batch = read(events)
    assert batch.partitions == [partition_of("acme", f"c-{number}", PARTITIONS) for number in range(50)]


@pytest.mark.parametrize("between", [b"", b",", b" "])
def test_two_events_without_an_array_are_none(between: bytes) -> None:
    good = json.dumps(SHORT).encode()
    (rejected,) = read(good + between + good).rejected.values()
    assert [found.code for found in rejected.findings] == ["not_json"]


def test_both_forms_may_stand_in_one_array() -> None:
    batch = read([SHORT, CLOUD])
    assert [event.source for event in batch.events] == ["api", "s-1"]


def test_an_event_type_without_a_meter_is_accepted_with_a_warning() -> None:
    batch = read([SHORT, SHORT | {"meter": "unheard-of"}])
    assert len(batch.events) == 2
    assert {place: [each.code for each in found] for place, found in batch.warnings.items()} == {
        1: ["no_meter"]
    }


def test_an_event_that_every_filter_leaves_out_is_accepted_with_a_warning() -> None:
    gets = Meter(name="gets", event_type="call", filters=(Filter("method", ("GET",)),))
    sized = Meter(
        name="sized", event_type="call", properties=("bytes",), filters=(Filter("kind", ("file",)),)
    )
    catalog = Catalog().with_facts([MetersPublished(1, 0, (gets, sized))])
    call = SHORT | {"meter": "call", "quantity": "2"}
    events = [
        call | {"data": {"method": "GET"}},
        call | {"data": {"method": "PUT"}},
        call,
        call | {"data": {"method": "PUT", "kind": "file", "bytes": 3}},
        # Left out by the one, worth nothing to the other.
        call | {"data": {"method": "PUT", "kind": "file", "bytes": "many"}},
    ]
    for _ in range(2):
        batch = read(events, catalog=catalog)
        assert {place: [each.code for each in found] for place, found in batch.warnings.items()} == {
            1: ["no_meter"],
            2: ["no_meter"],
        }
        assert [found.findings[0].pointer for found in batch.rejected.values()] == ["/data/bytes"]


def test_an_event_without_a_time_is_accepted_with_a_warning() -> None:
    batch = read({"id": "e-1", "customer": "c-1", "meter": "api"})
    assert batch.events[0].given_ms == NOT_GIVEN
    assert [each.code for each in batch.warnings[0]] == ["no_time"]


@pytest.mark.parametrize(
    ("data", "finding"),
    [
        ({}, ("/quantity", "quantity_missing")),
        ({"bytes": 1}, ("/data/hours", "property_missing")),
        ({"bytes": "many", "hours": 1}, ("/data/bytes", "quantity_invalid")),
    ],
)
def test_an_event_that_its_meter_cannot_value_is_rejected(
    data: dict[str, Any], finding: tuple[str, str]
) -> None:
    batch = read([SHORT | {"meter": "storage", "data": data}])
    assert [(found.pointer, found.code) for found in batch.rejected[0].findings] == [finding]


@pytest.mark.parametrize("given", [{"quantity": "1"}, {"data": {"bytes": 1, "hours": "0.5"}}])
def test_an_event_that_its_meter_can_value_is_accepted(given: dict[str, Any]) -> None:
    batch = read([SHORT | {"meter": "storage"} | given])
    assert batch.events[0].series == Series("acme", "c-1", "storage")
    assert batch.escape_free


def test_ids_without_escapes_are_known_as_such() -> None:
    assert read(SHORT).escape_free
    assert read([SHORT, SHORT | {"quantity": "-1"}, SHORT | {"data": {"a": {"b": 1}}}]).escape_free
    assert not read([SHORT | {"id": 'a"b'}]).escape_free
    assert not read([SHORT, SHORT | {"id": "a\\b"}]).escape_free


def test_the_meters_of_the_time_of_the_event_decide() -> None:
    newer = MetersPublished(2, NOW_MS - HOUR_MS, (API, STORAGE, Meter(name="mails", event_type="mails")))
    catalog = CATALOG.with_facts([newer])
    mail = SHORT | {"meter": "mails"}
    batch = read([mail, mail | {"time": format_instant(NOW_MS - 2 * HOUR_MS)}], catalog=catalog)
    assert [found.code for found in batch.rejected[0].findings] == ["quantity_missing"]
    assert [each.code for each in batch.warnings[0]] == ["no_meter"]


def test_what_one_version_can_value_another_may_not() -> None:
    needs_both = Meter(name="api", event_type="api", properties=("bytes", "hours"))
    newer = MetersPublished(2, NOW_MS - HOUR_MS, (needs_both,))
    catalog = CATALOG.with_facts([newer])
    early = SHORT | {"time": format_instant(NOW_MS - 2 * HOUR_MS), "data": {"bytes": 1}}
    late = early | {"time": format_instant(NOW_MS)}
    batch = read([early, late, early, late], catalog=catalog)
    assert list(batch.rejected) == [1, 3]


def test_what_was_worth_something_once_is_so_with_its_properties_only() -> None:
    good = SHORT | {"meter": "storage", "data": {"bytes": 1, "hours": 2}}
    poor = SHORT | {"meter": "storage", "data": {"bytes": 1}}
    batch = read([good, poor, good, poor | {"quantity": "1"}, SHORT | {"meter": "storage"}])
    assert list(batch.rejected) == [1, 3, 4]


@pytest.mark.parametrize("text", ["\x7f", "\u00ad", "e\u200b"])
@pytest.mark.parametrize("name", ["id", "customer", "meter", "source"])
def test_what_cannot_be_printed_is_no_name(name: str, text: str) -> None:
    raw = json.dumps(SHORT | {name: text}, ensure_ascii=False).encode()
    (rejected,) = read(b"[%b]" % raw).rejected.values()
    assert [found.code for found in rejected.findings] == [f"{name}_not_printable"]


def test_a_newer_catalogue_is_seen_at_once() -> None:
    reader = Reader(PARTITIONS)
    body = json.dumps([SHORT | {"meter": "mails"}]).encode()
    before = reader.read(body, Form.JSON, "acme", CATALOG, NOW_MS)
    mails = Meter(name="mails", event_type="mails", default_one=True)
    after = reader.read(
        body, Form.JSON, "acme", CATALOG.with_facts([MetersPublished(2, 0, (mails,))]), NOW_MS
    )
    assert before.warnings
    assert not after.warnings


def test_tenants_share_nothing() -> None:
    reader = Reader(PARTITIONS)
    body = json.dumps(SHORT).encode()
    mine, yours = (reader.read(body, Form.JSON, name, CATALOG, NOW_MS).events[0] for name in ("a", "b"))
    assert (mine.series.tenant, yours.series.tenant) == ("a", "b")


@pytest.mark.parametrize("body", [b"", b"  ", b"[]", b" [ ] "])
def test_a_body_without_events_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read(body)
    assert (refused.value.problem.code, refused.value.problem.status) == ("empty_batch", 400)


@pytest.mark.parametrize(("form", "separator"), [(Form.JSON, b","), (Form.LINES, b"\n")])
def test_a_thousand_events_are_taken_and_one_more_is_not(form: Form, separator: bytes) -> None:
    raw = json.dumps(SHORT).encode()

    def body(events: int) -> bytes:
        joined = separator.join([raw] * events)
        return b"[" + joined + b"]" if form is Form.JSON else joined

    assert len(read(body(1_000), form).events) == 1_000
    with pytest.raises(Refused) as refused:
        read(body(1_001), form)
    assert (refused.value.problem.code, refused.value.problem.status) == ("too_many_events", 413)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'[{"id":"e-1"},{"id":1} {"id":2}]', "/1"),
        (b'[{"id":"e-1"},{"id":', "/1"),
        (b'[{"id":"e-1"},]', "/1"),
        (b'[{"id":"e-1"}', "/0"),
        (b'[{"id":"e-1"}] x', "/1"),
        (b"[\xff]", "/0"),
    ],
)
def test_a_body_that_is_no_json_is_refused_with_a_pointer_to_the_fault(body: bytes, pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        read(body)
    assert refused.value.problem.status == 400
    assert [(found.pointer, found.code) for found in refused.value.problem.errors] == [(pointer, "not_json")]


def test_nesting_beyond_all_measure_is_refused() -> None:
    deep = b'{"a":' * 100_000
    with pytest.raises(Refused) as refused:
        read(b"[" + deep)
    assert refused.value.problem.code == "too_deep"
    assert in_order(read(deep)) == [
        Rejection(None, (Finding("", "too_deep", "must be nested at most 32 deep"),))
    ]


@pytest.mark.parametrize("depth", [31, 32, *range(880, 1_010, 5)])
@pytest.mark.parametrize("many", [True, False])
def test_nesting_about_as_deep_as_python_can_is_a_fault_like_any_other(depth: int, many: bool) -> None:  # noqa: FBT001
    raw = json.dumps(SHORT)[:-1].encode() + b',"data":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
    try:
        batch = read(b"[%b]" % raw if many else raw)
    except Refused as refused:  # nobody can tell any more where the event ends
        codes = [refused.problem.code]
    else:
        codes = [found.code for rejection in batch.rejected.values() for found in rejection.findings]
    assert codes == ([] if depth < 32 else ["too_deep"])
