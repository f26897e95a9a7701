"""The rules of the door, one by one: what passes becomes one event, what does not is told its faults."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.admission import EventRejected, canonical_rest, read_event, text_fault, value_faults
from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.instant import DAY_MS, MINUTE_MS, format_instant, parse_instant
from schemas.meters import Meter

NOW = parse_instant("2026-11-21T10:00:00Z")
SHORT: dict[str, Any] = {"id": "e-1", "customer": "c-1", "meter": "api"}
CLOUD: dict[str, Any] = {"specversion": "1.0", "id": "e-1", "source": "s-1", "type": "api", "subject": "c-1"}


def read(event: dict[str, Any] | bytes) -> UsageEvent:
    return read_event(event if isinstance(event, bytes) else json.dumps(event).encode(), "acme", NOW)


def faults_of(event: dict[str, Any] | bytes) -> list[tuple[str, str]]:
    with pytest.raises(EventRejected) as refused:
        read(event)
    return [(finding.pointer, finding.code) for finding in refused.value.findings]


def test_the_short_form_needs_an_id_a_customer_and_a_meter() -> None:
    assert read(SHORT) == UsageEvent(Series("acme", "c-1", "api"), NOT_GIVEN, NO_QUANTITY, "api", "e-1", b"")


def test_a_cloudevent_says_the_same_in_its_own_words() -> None:
    assert read(CLOUD) == read(SHORT | {"source": "s-1"})
    assert read(CLOUD | {"time": "2026-11-21T10:00:00Z", "data": {"quantity": "2.5"}}) == read(
        SHORT | {"source": "s-1", "time": "2026-11-21T10:00:00Z", "quantity": 2.5}
    )


def test_all_that_is_not_understood_is_kept() -> None:
    event = read(SHORT | {"region": "eu", "data": {"endpoint": "/x"}})
    assert event.rest == b'{"data":{"endpoint":"/x"},"region":"eu"}'
    assert read(CLOUD | {"traceparent": "00-1"}).rest == b'{"traceparent":"00-1"}'


def test_the_quantity_of_a_cloudevent_leaves_its_data() -> None:
    assert read(CLOUD | {"data": {"quantity": "3", "unit": "x"}}).rest == b'{"data":{"unit":"x"}}'
    assert read(CLOUD | {"data": {"quantity": "3"}}).rest == b""
    assert read(SHORT | {"data": {"quantity": "3"}}).rest == b'{"data":{"quantity":"3"}}'


@pytest.mark.parametrize("absent", [{}, {"data": None}, {"data": {}}, {"quantity": None, "time": None}])
def test_what_is_null_or_empty_was_not_given(absent: dict[str, Any]) -> None:
    assert read(SHORT | absent) == read(SHORT)


@pytest.mark.parametrize(
    ("event", "fault"),
    [
        # Names.
        ({"customer": "c-1", "meter": "api"}, ("/id", "id_missing")),
        ({"id": "e-1", "meter": "api"}, ("/customer", "customer_missing")),
        ({"id": "e-1", "customer": "c-1"}, ("/meter", "meter_missing")),
        (SHORT | {"id": None}, ("/id", "id_missing")),
        (SHORT | {"id": 7}, ("/id", "id_not_text")),
        (SHORT | {"id": True}, ("/id", "id_not_text")),
        (SHORT | {"id": ["e-1"]}, ("/id", "id_not_text")),
        (SHORT | {"id": ""}, ("/id", "id_empty")),
        (SHORT | {"id": "x" * 129}, ("/id", "id_too_long")),
        (SHORT | {"id": "a\nb"}, ("/id", "id_not_printable")),
        (SHORT | {"id": "a\x7f"}, ("/id", "id_not_printable")),
        (SHORT | {"id": "a\u200b"}, ("/id", "id_not_printable")),
        (SHORT | {"customer": ""}, ("/customer", "customer_empty")),
        (SHORT | {"meter": "x" * 129}, ("/meter", "meter_too_long")),
        (SHORT | {"source": ""}, ("/source", "source_empty")),
        (SHORT | {"source": None}, ("/source", "source_missing")),
        # CloudEvents.
        (CLOUD | {"specversion": "0.3"}, ("/specversion", "specversion_unknown")),
        (CLOUD | {"specversion": 1.0}, ("/specversion", "specversion_unknown")),
        (CLOUD | {"specversion": None}, ("/specversion", "specversion_unknown")),
        ({k: v for k, v in CLOUD.items() if k != "source"}, ("/source", "source_missing")),
        ({k: v for k, v in CLOUD.items() if k != "subject"}, ("/subject", "subject_missing")),
        ({k: v for k, v in CLOUD.items() if k != "type"}, ("/type", "type_missing")),
        (CLOUD | {"data_base64": "e30="}, ("/data_base64", "data_invalid")),
        (CLOUD | {"data": {"quantity": -1}}, ("/data/quantity", "quantity_negative")),
        # Data.
        (SHORT | {"data": []}, ("/data", "data_invalid")),
        (SHORT | {"data": "{}"}, ("/data", "data_invalid")),
        (SHORT | {"data": 0}, ("/data", "data_invalid")),
        (SHORT | {"data": {"note": "\0"}}, ("/data/note", "text_not_storable")),
        (SHORT | {"data": {"note": "\ud800"}}, ("/data/note", "text_not_storable")),
        (SHORT | {"data": {"a/b~c": ["\0"]}}, ("/data/a~1b~0c/0", "text_not_storable")),
        # Times.
        (SHORT | {"time": ""}, ("/time", "time_invalid")),
        (SHORT | {"time": NOW}, ("/time", "time_invalid")),
        (SHORT | {"time": "2026-11-21T10:00:00"}, ("/time", "time_invalid")),
        (SHORT | {"time": "2016-12-31T23:59:60Z"}, ("/time", "time_invalid")),
        (SHORT | {"time": "10000-01-01T00:00:00Z"}, ("/time", "time_invalid")),
        (SHORT | {"time": "1970-01-01T00:00:00Z"}, ("/time", "time_too_old")),
        (SHORT | {"time": "1969-12-31T23:59:59.999Z"}, ("/time", "time_too_old")),  # NOT_GIVEN in ms
        (SHORT | {"time": "9999-12-31T23:59:59Z"}, ("/time", "time_in_future")),
        # Quantities.
        (SHORT | {"quantity": "-1"}, ("/quantity", "quantity_negative")),
        (SHORT | {"quantity": -0.5}, ("/quantity", "quantity_negative")),
        (SHORT | {"quantity": "0.0000001"}, ("/quantity", "quantity_too_precise")),
        (SHORT | {"quantity": 10**20}, ("/quantity", "quantity_too_large")),
        (SHORT | {"quantity": "1e3"}, ("/quantity", "quantity_invalid")),
        (SHORT | {"quantity": ""}, ("/quantity", "quantity_invalid")),
        (SHORT | {"quantity": True}, ("/quantity", "quantity_invalid")),
        (SHORT | {"quantity": []}, ("/quantity", "quantity_invalid")),
        (b'{"id":"e","customer":"c","meter":"m","quantity":1e3}', ("/quantity", "quantity_invalid")),
        (
            b'{"id":"e","customer":"c","meter":"m","quantity":' + b"9" * 5_000 + b"}",
            ("/quantity", "quantity_too_large"),
        ),
        # JSON.
        (b"", ("", "not_json")),
        (b'{"id":"e-1"', ("", "not_json")),
        (b'{"id":"e","customer":"c","meter":"m","quantity":NaN}', ("", "not_json")),
        (b"[]", ("", "not_an_object")),
        (b'{"id":"\xff"}', ("", "not_utf8")),
        (b'{"id":"e","id":"e","customer":"c","meter":"m"}', ("/id", "duplicate_key")),
        (b'{"id":"e","customer":"c","meter":"m","data":{"a":1,"a":2}}', ("/data/a", "duplicate_key")),
        (b'{"\\ud800":1,"\\ud800":2}', ("", "duplicate_key")),  # a name that no answer could repeat
    ],
)
def test_a_fault_is_named_and_pointed_at(event: dict[str, Any] | bytes, fault: tuple[str, str]) -> None:
    assert faults_of(event)[0] == fault


def test_all_faults_of_an_event_show_at_once() -> None:
    event = {
        "id": "",
        "customer": 7,
        "meter": "\n",
        "source": None,
        "time": "now",
        "quantity": "x",
        "data": 1,
    }
    assert {pointer for pointer, _ in faults_of(event)} == {
        "/id",
        "/customer",
        "/meter",
        "/source",
        "/time",
        "/quantity",
        "/data",
    }


def test_a_rejection_can_always_be_written_down() -> None:
    with pytest.raises(EventRejected) as refused:
        read(b'{"\\ud800":"\\udfff","\\u0000":{"\\u0000":1,"\\u0000":2}}')
    assert msgspec.json.encode(refused.value.findings)
    assert str(refused.value).encode()


def test_pointers_stay_short_however_long_the_names() -> None:
    deep = ('{"' + "n" * 100_000 + '":') * 5 + '"\\u0000"' + "}" * 5
    ((pointer, code),) = faults_of(deep.encode())
    assert (pointer, code) == ("", "text_not_storable")


@pytest.mark.parametrize("name", ["x", "x" * 128, "ü" * 128, "\U0001f6f0" * 128, "a b", "c/1?&=%", "😀"])
def test_names_have_1_to_128_printable_characters(name: str) -> None:
    assert text_fault("/id", name) is None
    event = read(SHORT | {"id": name, "customer": name, "meter": name, "source": name})
    assert (*event.series, event.source, event.id) == ("acme", name, name, name, name)


@pytest.mark.parametrize(
    ("at_ms", "fault"),
    [
        (NOW - 35 * DAY_MS, None),
        (NOW - 35 * DAY_MS - 1, "time_too_old"),
        (NOW + 5 * MINUTE_MS, None),
        (NOW + 5 * MINUTE_MS + 1, "time_in_future"),
    ],
)
def test_a_time_is_at_most_35_days_old_and_5_minutes_ahead(at_ms: int, fault: str | None) -> None:
    event = SHORT | {"time": format_instant(at_ms)}
    if fault is None:
        assert read(event).given_ms == at_ms
    else:
        assert faults_of(event) == [("/time", fault)]


def test_a_time_has_its_own_zone() -> None:
    assert read(SHORT | {"time": "2026-11-21T11:30:00+01:30"}).given_ms == NOW


@pytest.mark.parametrize(
    ("quantity", "micro"),
    [
        (b"3", 3_000_000),
        (b'"3"', 3_000_000),
        (b"0.1", 100_000),
        (b"0.30000000000000004", None),  # what floats make of 0.1 + 0.2 is not billed as something near
        (b"0", 0),
        (b"99999999999999999999", 99_999_999_999_999_999_999_000_000),
        (b"12345678901234.567891", 12_345_678_901_234_567_891),  # a float would lose the end
    ],
)
def test_a_quantity_is_read_digit_by_digit(quantity: bytes, micro: int | None) -> None:
    raw = b'{"id":"e","customer":"c","meter":"m","quantity":' + quantity + b"}"
    if micro is None:
        assert faults_of(raw) == [("/quantity", "quantity_too_precise")]
    else:
        assert read(raw).quantity_micro == micro


@pytest.mark.parametrize("depth", [32, 33])
def test_json_is_at_most_32_deep(depth: int) -> None:
    data = '{"a":' * (depth - 2) + "{}" + "}" * (depth - 2)
    raw = f'{{"id":"e","customer":"c","meter":"m","data":{data}}}'.encode()
    if depth == 32:
        assert read(raw).rest == f'{{"data":{data}}}'.encode()
    else:
        assert [code for _, code in faults_of(raw)] == ["too_deep"]


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        (b'{ "b" : 1 , "a" : [ 1 , 2 ] }', b'{"a":[1,2],"b":1}'),
        (b'{"x":{"b":{"d":1,"c":2},"a":[{"z":1,"y":2}]}}', b'{"x":{"a":[{"y":2,"z":1}],"b":{"c":2,"d":1}}}'),
        (b'{"a":1.0,"b":1.10,"c":-0,"d":1E5,"e":1e400}', b'{"a":1.0,"b":1.10,"c":-0,"d":1E5,"e":1e400}'),
        (b'{"a":"\\u0041\\/\\u00fc\\ud83d\\udef0"}', '{"a":"A/ü\U0001f6f0"}'.encode()),
        (b'{"a":"\\n\\t\\u001f\\"\\\\"}', b'{"a":"\\n\\t\\u001f\\"\\\\"}'),
        (
            b'{"a":true,"b":null,"c":false,"d":"","e":[],"f":{}}',
            b'{"a":true,"b":null,"c":false,"d":"","e":[],"f":{}}',
        ),
        (
            '{"ü":1,"z":2,"\U0001f6f0":3,"\uffff":4}'.encode(),
            '{"z":2,"ü":1,"\uffff":4,"\U0001f6f0":3}'.encode(),
        ),
    ],
)
def test_what_means_the_same_is_kept_as_the_same_bytes(written: bytes, canonical: bytes) -> None:
    raw = b'{"id":"e","customer":"c","meter":"m","data":' + written + b"}"
    assert read(raw).rest == b'{"data":' + canonical + b"}"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)
objects = st.dictionaries(st.sampled_from(["a", "b", "ü"]), json_values, max_size=3)


@given(objects, objects)
def test_the_canonical_form_is_its_own_canonical_form(
    extensions: dict[str, Any], data: dict[str, Any]
) -> None:
    once = read(SHORT | extensions | {"data": data}).rest
    assert json.loads(once or b"{}") == extensions | ({"data": data} if data else {})
    required = json.dumps(SHORT).encode()
    again = read(required[:-1] + b"," + once[1:] if once else required).rest
    assert again == once


@given(objects, st.randoms(use_true_random=False))
def test_neither_order_nor_blanks_nor_escapes_matter(data: dict[str, Any], random: Any) -> None:  # noqa: ANN401
    members = list((SHORT | {"data": data}).items())
    random.shuffle(members)
    shuffled = json.dumps(
        dict(members), indent=random.choice([None, 2]), ensure_ascii=random.choice([True, False])
    )
    assert read(shuffled.encode()) == read(SHORT | {"data": data})


def test_nothing_left_is_no_rest() -> None:
    assert canonical_rest({}, {}) == b""


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_to_be_rejected(raw: bytes) -> None:
    with suppress(EventRejected):
        read(raw)


@given(
    st.dictionaries(
        st.sampled_from([*SHORT, *CLOUD, "source", "time", "quantity", "data", "x"]),
        json_values | st.sampled_from(["1.0", "2026-11-21T10:00:00Z", "3", "c-1"]),
    )
)
def test_no_object_does_worse_than_to_be_rejected(event: dict[str, Any]) -> None:
    with suppress(EventRejected):
        read(event)


def test_a_meter_that_cannot_measure_an_event_says_what_it_wants() -> None:
    storage = Meter(name="storage", event_type="storage", properties=("bytes", "hours"))
    api = Meter(name="api", event_type="storage", default_one=True)
    event = read(SHORT | {"data": {"bytes": 5}})
    (finding,) = value_faults(event, [api, storage])
    assert (finding.pointer, finding.code) == ("/data/hours", "property_missing")
    assert value_faults(event, [api]) == []
