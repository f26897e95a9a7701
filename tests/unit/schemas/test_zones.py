"""No window, period or text of an instant depends on the zone that a machine is in, or on its summer time."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from schemas.instant import HOUR_MS, MINUTE_MS, day_of, format_instant, parse_instant
from schemas.period import span_at
from schemas.windows import window_start

#: Beginnings and ends of summer time in the zones below, both sides of a leap day, and of a year.
EDGES = (
    "2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z",  # New York
    "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z",  # Berlin
    "2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z",  # Lord Howe: half an hour
    "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z", "2027-01-01T00:00:00Z",
)  # fmt: skip
INSTANTS = [
    int(datetime.fromisoformat(edge).timestamp()) * 1_000 + off
    for edge in EDGES
    for off in (-HOUR_MS, -1, 0, 1, 30 * MINUTE_MS, HOUR_MS)
]


@pytest.fixture(params=["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    span_at.cache_clear()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize("at_ms", INSTANTS)
def test_an_instant_is_the_same_everywhere(at_ms: int) -> None:
    utc = datetime.fromtimestamp(at_ms / 1_000, UTC)
    assert parse_instant(format_instant(at_ms)) == at_ms
    assert format_instant(at_ms).startswith(utc.strftime("%Y-%m-%dT%H:%M:"))
    assert window_start(at_ms) == at_ms - at_ms % HOUR_MS
    assert day_of(at_ms) == utc.toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal()
    month, day = span_at("month", at_ms), span_at("day", at_ms)
    assert format_instant(month.start_ms) == utc.strftime("%Y-%m-01T00:00:00Z")
    assert format_instant(day.start_ms) == utc.strftime("%Y-%m-%dT00:00:00Z")
    assert day.end_ms - day.start_ms == 24 * HOUR_MS
