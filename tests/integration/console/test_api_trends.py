"""The read API's answers about trends, on rows put into PostgreSQL by hand."""

import pytest

from runtime.postgres import Connection
from schemas.instant import DAY_MS, HOUR_MS, day_of, format_instant
from tests.integration.console.api import MICRO, Client, count_of, put_rollup

pytestmark = pytest.mark.integration


def test_trends_are_read_with_the_week_before_and_say_how_complete_they_are(
    acme: Client, connection: Connection, hour: int
) -> None:
    day = hour - hour % DAY_MS
    for at, events in ((day - 8 * DAY_MS, 8), (day - 2 * DAY_MS, 3), (day - DAY_MS, 4)):
        put_rollup(connection, "acme", "c-1", "api", at, count_of(events, events * MICRO, at))
    late = count_of(2, 2 * MICRO, day - HOUR_MS)
    put_rollup(connection, "acme", "c-1", "api", day - HOUR_MS, late, day_of(hour))
    put_rollup(connection, "acme", "c-2", "api", day - DAY_MS, count_of(1, 90 * MICRO, day - DAY_MS))
    put_rollup(connection, "globex", "c-1", "api", day - DAY_MS, count_of(1, 90 * MICRO, day - DAY_MS))

    asked = {"customer": "c-1", "meter": "api", "from": format_instant(day - 2 * DAY_MS)}
    answer = acme.get("/v1/usage/trends", **asked)

    assert answer.status == 200
    body = answer.body
    assert (body["customer"], body["meter"], body["unit"], body["next"]) == ("c-1", "api", "requests", None)
    assert body["complete_through"] is not None
    assert body["data"][1] == {
        "start": format_instant(day - DAY_MS),
        "end": format_instant(day),
        "quantity": "6",
        "change_percent": "100",
        "week_change_percent": "-25",
        "events": 6,
        "state": body["data"][1]["state"],
    }
    assert [trend["quantity"] for trend in body["data"]] == ["3", "6", "0"]
    assert [trend["change_percent"] for trend in body["data"]] == [None, "100", "-100"]
    assert body["data"][2]["state"] == "open"
    assert [peak["quantity"] for peak in body["peaks"]] == ["6", "3"]

    hours = acme.get("/v1/usage/trends", window="hour", peaks="1", to=format_instant(day), **asked).body
    assert len(hours["data"]) == 48
    assert [peak["start"] for peak in hours["peaks"]] == [format_instant(day - DAY_MS)]
    assert len(acme.get("/v1/usage/trends", customer="nobody", meter="api").body["data"]) in {36, 37}


@pytest.mark.parametrize(
    ("parameters", "at", "said"),
    [
        ({"meter": "api"}, "/customer", "has to be given"),
        ({"customer": "c-1"}, "/meter", "has to be given"),
        ({"customer": "c-1", "meter": "nonsense"}, "/meter", "choose from api"),
        ({"customer": "c-1", "meter": "api", "window": "month"}, "/window", "must be one of hour, day"),
        ({"customer": "c-1", "meter": "api", "from": "1970-01-01T00:00:00Z"}, "/from", "a shorter span"),
        ({"customer": "c-1", "meter": "api", "peaks": "0"}, "/peaks", "from 1 to 1000"),
        ({"customer": "c-1", "meter": "api", "top": "3"}, "/top", "is no parameter"),
    ],
)
def test_a_question_about_trends_that_makes_no_sense_is_told_why(
    acme: Client, parameters: dict[str, str], at: str, said: str
) -> None:
    answer = acme.get("/v1/usage/trends", **parameters)
    assert answer.status == 400
    assert [(error["pointer"], said in error["detail"]) for error in answer.body["errors"]] == [(at, True)]
