"""The fate of an event: of the copy that decides, and of each copy by itself."""

import pytest

from console.events.core.answer import EventFate, Evidence, event_fate
from console.events.core.sighting import Said, Sighting, Stored, Where
from schemas.catalog import Catalog, MetersPublished
from schemas.groups import Filter
from schemas.instant import HOUR_MS, parse_instant
from schemas.meters import Meter
from schemas.position import Position
from schemas.verdict import Fate

AT = parse_instant("2026-11-21T10:20:00Z")
METERS = (
    Meter(name="calls", event_type="api"),
    Meter(name="others", event_type="api", filters=(Filter("n", ("2",)),)),
    Meter(name="by_n", event_type="api", group_by=("n",)),
)
CATALOG = Catalog().with_facts([MetersPublished(1, 0, METERS)])


def copy(offset: int, nth: int = 0, recorded_at_ms: int = AT, quantity: int | None = 2_500_000) -> Sighting:
    where = Where(1, 3, offset, nth)
    return Sighting(
        where, "acme", "c-1", "api", "api", "e-1", AT, recorded_at_ms, quantity, '{"data":{"n":1.50}}'
    )


def fate(
    *sightings: Sighting,
    said: dict[Where, Said] | None = None,
    progress: int = 100,
    at: Position | None = None,
) -> EventFate:
    evidence = Evidence("weir.usage", CATALOG, sightings, said or {}, {3: Stored(1, progress)})
    return event_fate("api", "e-1", evidence, at)


def test_below_the_progress_and_without_a_verdict_it_counted() -> None:
    found = fate(copy(7, 2))
    assert found.fate == "counted"
    assert found.position == "weir.usage/3/7/2"
    assert found.window is not None
    assert (found.window.start, found.window.end) == ("2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z")
    assert found.meters == ("calls", "by_n")
    assert found.groups == {"by_n": {"n": "1.50"}}
    assert found.quantity == "2.5"
    assert found.arrival == "on_time"


@pytest.mark.parametrize(("progress", "expected"), [(6, "in_flight"), (7, "counted")])
def test_beyond_the_progress_it_is_in_flight(progress: int, expected: str) -> None:
    assert fate(copy(7), progress=progress).fate == expected


def test_what_is_on_no_log_is_unknown() -> None:
    found = fate()
    assert found.fate == "unknown"
    assert found.position is None
    assert found.sightings == ()


def test_a_duplicate_names_the_first_sighting() -> None:
    second = copy(9)
    found = fate(copy(7, 2), second, said={second.where: Said(Fate.DUPLICATE, "", 7)})
    assert found.fate == "counted"
    assert [each.fate for each in found.sightings] == ["counted", "duplicate"]
    assert found.sightings[1].duplicate_of == "weir.usage/3/7/2"
    assert found.sightings[1].window is None


def test_the_first_sighting_is_the_copy_that_counted_and_not_a_refused_one_beside_it() -> None:
    refused, counted, second = copy(7, 0), copy(7, 1), copy(7, 2)
    said = {refused.where: Said(Fate.REFUSED, "no_value", None), second.where: Said(Fate.CONFLICT, "", 7)}
    found = fate(refused, counted, second, said=said)
    assert found.sightings[2].duplicate_of == "weir.usage/3/7/1"


def test_a_first_sighting_that_is_gone_is_named_by_its_record() -> None:
    second = copy(9)
    found = fate(second, said={second.where: Said(Fate.CONFLICT, "", 7)})
    assert (found.fate, found.duplicate_of) == ("conflict", "weir.usage/3/7")


def test_the_copy_at_a_position_is_told_when_it_is_asked_for() -> None:
    second = copy(9)
    said = {second.where: Said(Fate.DUPLICATE, "", 7)}
    found = fate(copy(7), second, said=said, at=Position("weir.usage", 3, 9, 0))
    assert (found.fate, found.position) == ("duplicate", "weir.usage/3/9/0")
    assert fate(copy(7), at=Position("weir.usage", 3, 8, 0)).fate == "unknown"


def test_a_refused_copy_does_not_decide_over_one_that_counted() -> None:
    first = copy(7)
    said = {first.where: Said(Fate.REFUSED, "skipped", None)}
    assert fate(first, said=said).reason == "skipped"
    found = fate(first, copy(9), said=said)
    assert (found.fate, found.position) == ("counted", "weir.usage/3/9/0")


def test_late_and_in_grace_are_seen_from_the_window() -> None:
    late = copy(7, recorded_at_ms=AT + 3 * HOUR_MS)
    found = fate(late, said={late.where: Said(Fate.LATE, "", None)})
    assert (found.fate, found.arrival) == ("late", "late")
    assert fate(copy(7, recorded_at_ms=AT + HOUR_MS)).arrival == "in_grace"


def test_an_older_generation_lies_wholly_below_the_progress() -> None:
    evidence = Evidence("weir.usage", CATALOG, [copy(900)], {}, {3: Stored(2, 0)})
    assert event_fate("api", "e-1", evidence).fate == "counted"


def test_its_bytes_are_canonical_and_keep_numbers_as_written() -> None:
    assert fate(copy(7)).bytes == (
        '{"customer":"c-1","data":{"n":1.50},"id":"e-1","meter":"api","quantity":"2.5",'
        '"source":"api","time":"2026-11-21T10:20:00Z"}'
    )
    assert '"quantity"' not in (fate(copy(7, quantity=None)).bytes or "")
