"""Texts become milliseconds and back without a change of meaning, and nothing outside the calendar passes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.instant import DAY_MS, FIRST_MS, LAST_MS, day_of, format_instant, parse_instant

TEN = 1_795_255_200_000  # 2026-11-21T10:00:00Z


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("2026-11-21T10:00:00Z", TEN),
        ("2026-11-21t10:00:00z", TEN),
        ("2026-11-21T10:00:00+00:00", TEN),
        ("2026-11-21T10:00:00-00:00", TEN),
        ("2026-11-21T11:30:00+01:30", TEN),
        ("2026-11-20T10:01:00-23:59", TEN),
        ("2026-11-21T10:00:00.5Z", TEN + 500),
        ("2026-11-21T10:00:00.123Z", TEN + 123),
        ("2026-11-21T10:00:00.123999999Z", TEN + 123),  # cut, so that it stays in its window
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1969-12-31T23:59:59.9999Z", -1),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("9999-12-31T23:59:59.999Z", LAST_MS),
        ("0001-01-01T00:00:00Z", FIRST_MS),
    ],
)
def test_rfc_3339_becomes_the_millisecond_that_contains_it(text: str, at_ms: int) -> None:
    assert parse_instant(text) == at_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21",
        "2026-11-21T10:00:00",  # no zone
        "2026-11-21T10:00Z",
        "2026-11-21 10:00:00Z",
        "2026-11-21T10:00:00.Z",
        "2026-11-21T10:00:00,5Z",
        "2026-11-21T10:00:00.1234567890Z",
        "2026-11-21T10:00:00+0100",
        "2026-11-21T10:00:00+01",
        "2026-11-21T10:00:00+24:00",
        "2026-11-21T10:00:00+01:60",
        "2026-11-21T10:00:00UTC",
        "2026-11-21T10:00:00Z ",
        "2026-11-21T10:00:00Z\n",
        "2026-11-21T24:00:00Z",
        "2026-11-21T10:60:00Z",
        "2016-12-31T23:59:60Z",  # a leap second, which no calendar here knows
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-00:01",  # the year 10000 in UTC
        "0001-01-01T00:00:00+00:01",
        "2026-W47-6T10:00:00Z",
        "20261121T100000Z",
        "٢٠٢٦-11-21T10:00:00Z",
        "1795255200",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"RFC 3339|calendar"):
        parse_instant(text)


@given(st.integers(FIRST_MS, LAST_MS))
def test_what_was_written_is_read_back(at_ms: int) -> None:
    assert parse_instant(format_instant(at_ms)) == at_ms


@given(st.datetimes(timezones=st.timezones()))
def test_the_zone_does_not_change_the_instant(moment: datetime) -> None:
    text = moment.isoformat(timespec="milliseconds")
    try:
        expected = moment.astimezone(UTC).isoformat(timespec="milliseconds")
        at_ms = parse_instant(text)
    except (ValueError, OverflowError):  # historic offsets have seconds; the edge of the calendar
        return
    assert at_ms == parse_instant(expected)


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [
        (TEN, "2026-11-21T10:00:00Z"),
        (TEN + 5, "2026-11-21T10:00:00.005Z"),
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (LAST_MS, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_instants_are_written_in_utc_with_milliseconds_only_where_there_are_some(
    at_ms: int, text: str
) -> None:
    assert format_instant(at_ms) == text


@pytest.mark.parametrize(("at_ms", "day"), [(0, 0), (DAY_MS - 1, 0), (DAY_MS, 1), (-1, -1), (TEN, 20_778)])
def test_days_are_counted_in_utc_from_1970(at_ms: int, day: int) -> None:
    assert day_of(at_ms) == day
