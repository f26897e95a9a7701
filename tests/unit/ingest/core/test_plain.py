"""The plain reading agrees with the reading that decides, or leaves an event to it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.plain import PlainReader
from ingest.core.routes import Routes, Unusual
from schemas.admission import EventRejected, read_event
from schemas.catalog import Catalog
from schemas.event import UsageEvent
from schemas.instant import format_instant
from schemas.strict_json import MAX_DEPTH
from tests.unit.ingest.core.raw_events import NOW_MS, raw_events

SHORT: dict[str, Any] = {"id": "e-1", "customer": "c-1", "meter": "api", "time": format_instant(NOW_MS)}
CLOUD: dict[str, Any] = {"specversion": "1.0", "id": "e-1", "source": "s", "type": "api", "subject": "c-1"}
#: One for all examples: what it has learned from one must not change how it reads the next.
READER = PlainReader()

_json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**20) | st.floats(0, 1e9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def plain(raw: bytes) -> UsageEvent | None:
    """Return the event; None where it is left."""
    try:
        return READER.one(raw, Routes(Catalog(), 4).of_tenant("acme"), NOW_MS)[0]
    except Unusual:
        return None


def decided(raw: bytes) -> UsageEvent | None:
    """Return the event; None where it is refused."""
    try:
        return read_event(raw, "acme", NOW_MS)
    except EventRejected:
        return None


@given(raw_events())
def test_what_it_takes_is_what_was_decided(raw: bytes) -> None:
    assert plain(raw) in {None, decided(raw)}


@given(
    st.sampled_from([SHORT, CLOUD]),
    st.dictionaries(st.sampled_from(["region", "traceparent", "ü", "a\\b", 'a"b']), _json, max_size=2),
    st.dictionaries(st.text(max_size=3).filter(lambda name: name != "quantity"), _json, max_size=3),
    st.booleans(),
)
def test_it_takes_whatever_a_sender_adds(
    form: dict[str, Any],
    own: dict[str, Any],
    data: dict[str, Any],
    ascii_only: bool,  # noqa: FBT001 - drawn by Hypothesis
) -> None:
    raw = json.dumps({**form, **own, "data": data}, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    event = decided(raw)
    assert plain(raw) == event
    assert event is not None or "\\u0000" in json.dumps([own, data]) or "\\ud" in json.dumps([own, data])


@pytest.mark.parametrize(
    "members",
    [
        b'"region":"eu"',
        b'"data":{"request":{"path":"\\/search","tags":["a","b"],"cost":1.50}}',
        b'"data":{"city":"K\\u00f6ln \\ud83d\\ude00","quoted":"\\"\\\\\\""}',
        b'"quantity":0.5',
        b'"quantity":"7","source":"\\u0073-1"',
    ],
)
def test_it_takes_what_the_fast_reading_leaves(members: bytes) -> None:
    raw = b'{"id":"e-1","customer":"c-1","meter":"api",%b}' % members
    assert plain(raw) == decided(raw) is not None


@pytest.mark.parametrize(
    "members",
    [
        b'"region":"eu","region":"eu"',
        b'"region":"eu","\\u0072egion":"eu"',
        b'"data":{"a":{"b":1,"b":1}}',
        b'"data":{"a":"\\\\","b":"\\"","b":"x"}',
        b'"data":{"a":"\\u0000"}',
        b'"data":{"a":"\\ud800"}',
        b'"data":{"a":"\xff"}',
        b'"data":{"\xff":1}',
        b'"data":' + b"[" * 40 + b"]" * 40,
        b'"data":{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}",
        b'"data":null',
        b'"data_base64":"AAAA"',
        b'"quantity":""',
        b'"quantity":null',
        b'"quantity":-1',
        b'"quantity":[]',
        b'"time":""',
        b'"time":null',
        b'"time":"2000-01-01T00:00:00Z"',
        b'"source":""',
        b'"source":7',
        b'"source":"a\\u000ab"',
    ],
)
def test_it_leaves_what_may_be_wrong(members: bytes) -> None:
    assert plain(b'{"id":"e-1","customer":"c-1","meter":"api",%b}' % members) is None


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b"7", b'{"specversion":"0.3"}', b'{"id":"e-1","customer":"c-1","meter":7}']
)
def test_it_leaves_what_is_no_event(raw: bytes) -> None:
    assert plain(raw) is None


def test_it_goes_as_deep_as_the_reading_that_decides() -> None:
    arrays = MAX_DEPTH - 2  # below the event and its data
    raw = b'{"id":"e-1","customer":"c-1","meter":"api","data":{"a":%b}}' % (b"[" * arrays + b"]" * arrays)
    assert plain(raw) == decided(raw) is not None
