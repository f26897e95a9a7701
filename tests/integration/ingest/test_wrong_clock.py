"""An ingress whose clock is wrong: what it takes is dated by the broker, what it cannot judge it rejects."""

import time
from collections.abc import Callable

import pytest

from schemas.event import NOT_GIVEN
from schemas.instant import HOUR_MS, format_instant
from tests.integration.ingest.door import Door

pytestmark = pytest.mark.integration

HOUR = 3_600


def event(name: str, at_ms: int | None) -> dict[str, str]:
    said = {"id": name, "customer": "c-1", "meter": "api"}
    return said if at_ms is None else {**said, "time": format_instant(at_ms)}


def test_a_clock_that_is_ahead_and_falls_behind_changes_no_time(open_door: Callable[..., Door]) -> None:
    door = open_door(clock=(HOUR, -HOUR))
    now_ms = time.time_ns() // 1_000_000
    times = {"old": now_ms - 34 * 24 * HOUR_MS, "now": now_ms, "none": None}
    assert door.post([event(name, at_ms) for name, at_ms in times.items()]).status == 202
    door.process.jump()
    reply = door.post([event("ahead", now_ms), event("before", now_ms - 2 * HOUR_MS), event("none-2", None)])
    # Rejected by name, not taken with another time: its producer hears of it.
    assert [each["status"] for each in reply.json["results"]] == ["rejected", "accepted", "accepted"]
    assert reply.json["results"][0]["pointer"] == "/0/time"
    logged = {each.id: each.given_ms for each in door.logged().values()}
    assert logged == {
        "old": times["old"],
        "now": now_ms,
        "none": NOT_GIVEN,
        "before": now_ms - 2 * HOUR_MS,
        "none-2": NOT_GIVEN,
    }
