"""What a client reads about each of its events."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.packing import Pack, Place
from ingest.core.reading import Batch, Rejection
from ingest.core.receipts import all_rejected, count, receipt, status_of
from ingest.core.repeats import Status
from ingest.core.routes import NO_METER, NO_TIME
from schemas.admission import Finding
from schemas.event import Series, UsageEvent

NEGATIVE = Finding("/quantity", "quantity_negative", "must not be negative")
MISSING = Finding("/id", "id_missing", "must be a string")


def batch(
    *ids: str,
    rejected: dict[int, Rejection] | None = None,
    warnings: dict[int, list[Finding]] | None = None,
    many: bool = True,
    escape_free: bool = False,
) -> Batch:
    events = [UsageEvent(Series("acme", "c-1", "api"), 0, 1, "api", each, b"") for each in ids]
    return Batch(events, [], rejected or {}, warnings or {}, many, escape_free)


def places(number: int) -> list[Place]:
    pack = Pack(3)
    pack.position = "weir.usage/3/1042/"
    return [(pack, 17 + index) for index in range(number)]


IDS = [f"e-{number}" for number in range(6)]


@given(
    st.dictionaries(st.integers(0, 5), st.sampled_from([Status.DUPLICATE, Status.CONFLICT])),
    st.dictionaries(st.integers(0, 5), st.sampled_from([[NO_TIME], [NO_METER], [NO_TIME, NO_METER]])),
    st.sets(st.integers(0, 8)),
)
def test_how_it_is_written_does_not_show(
    repeated: dict[int, Status], warnings: dict[int, list[Finding]], bad: set[int]
) -> None:
    rejected: dict[int, Rejection] = {}
    for place in sorted(bad):
        if place <= len(IDS) + len(rejected):  # no hole before it
            rejected[place] = Rejection(None, (NEGATIVE,))
    short, long = (
        read(batch(*IDS, rejected=rejected, warnings=warnings, escape_free=each), repeated)
        for each in (True, False)
    )
    assert short == long
    assert [result["id"] for result in short["results"] if result["status"] != "rejected"] == IDS
    assert {
        place for place, result in enumerate(short["results"]) if result["status"] == "rejected"
    } == rejected.keys()


def read(which: Batch, repeated: dict[int, Status] | None = None) -> Any:  # noqa: ANN401
    repeated = repeated or {}
    return json.loads(receipt(which, repeated, places(len(which.events)), count(which, repeated)))


@pytest.mark.parametrize("escape_free", [True, False])
def test_every_event_is_told_its_position(escape_free: bool) -> None:  # noqa: FBT001
    assert read(batch("e-1", "ü", escape_free=escape_free)) == {
        "accepted": 2,
        "duplicate": 0,
        "conflict": 0,
        "rejected": 0,
        "results": [
            {"id": "e-1", "status": "accepted", "position": "weir.usage/3/1042/17"},
            {"id": "ü", "status": "accepted", "position": "weir.usage/3/1042/18"},
        ],
    }


def test_an_id_with_quotation_marks_comes_back_as_it_was() -> None:
    assert read(batch('"\\'))["results"][0]["id"] == '"\\'


def test_copies_are_named_and_counted_apart() -> None:
    answer = read(batch("e-1", "e-1", "e-1"), {1: Status.DUPLICATE, 2: Status.CONFLICT})
    assert [result["status"] for result in answer["results"]] == ["accepted", "duplicate", "conflict"]
    assert all("position" in result for result in answer["results"])
    assert [answer[name] for name in ("accepted", "duplicate", "conflict", "rejected")] == [1, 1, 1, 0]


def test_warnings_stand_beside_the_position() -> None:
    result = read(batch("e-1", "e-2", warnings={1: [NO_TIME, NO_METER]}))["results"][1]
    assert [warning["code"] for warning in result["warnings"]] == ["no_time", "no_meter"]
    assert result["position"] == "weir.usage/3/1042/18"


def test_a_rejection_points_into_the_body_and_its_neighbours_keep_their_places() -> None:
    mixed = batch(
        "e-1", "e-3", rejected={1: Rejection("e-2", (NEGATIVE,)), 3: Rejection(None, (MISSING, NEGATIVE))}
    )
    assert status_of(mixed) == 207
    answer = read(mixed)
    assert (answer["accepted"], answer["rejected"]) == (2, 2)
    first, second, third, fourth = answer["results"]
    assert second == {
        "id": "e-2",
        "status": "rejected",
        "pointer": "/1/quantity",
        "code": "quantity_negative",
        "detail": "must not be negative",
    }
    assert (first["position"][-2:], third["position"][-2:]) == ("17", "18")
    assert fourth["id"] is None
    assert [error["pointer"] for error in fourth["errors"]] == ["/3/id", "/3/quantity"]


def test_where_nothing_was_good_the_answer_is_a_problem_with_all_faults() -> None:
    problem = all_rejected(batch(rejected={0: Rejection("e-1", (NEGATIVE,)), 1: Rejection(None, (MISSING,))}))
    document = json.loads(problem.body())
    assert document["status"] == 400
    assert [error["pointer"] for error in document["errors"]] == ["/0/quantity", "/1/id"]
    assert [result["status"] for result in document["results"]] == ["rejected", "rejected"]
    assert (document["accepted"], document["rejected"]) == (0, 2)


def test_pointers_into_a_single_event_begin_at_the_event() -> None:
    problem = all_rejected(batch(rejected={0: Rejection("e-1", (NEGATIVE,))}, many=False))
    assert problem.errors[0].pointer == "/quantity"
    assert problem.detail == "the event was rejected: /quantity must not be negative"
