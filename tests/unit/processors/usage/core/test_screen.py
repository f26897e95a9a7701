"""What becomes of an event before dedupe. That all reasons together are right is the model's claim."""

from collections.abc import Sequence

import msgspec
import pytest

from processors.stream.core.records import SourceRecord
from processors.usage.core.recipes import Recipes
from processors.usage.core.refusals import Rules
from processors.usage.core.screen import Screen, Turned
from schemas.admission import AHEAD_MS
from schemas.catalog import Catalog, MetersPublished, RecordSkipped
from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.horizon import SLACK_MS
from schemas.instant import DAY_MS
from schemas.meters import Meter
from schemas.pack import UnknownPackVersion, encode_pack
from schemas.verdict import Fate, Refusal, Verdict

NOW_MS = 20_000 * DAY_MS
HORIZON_MS = 3 * DAY_MS
CATALOG = Catalog().with_facts([MetersPublished(1, 0, (Meter(name="api", event_type="api"),))])
SKIPPING = CATALOG.with_facts([RecordSkipped("usage", 0, 5, "poison")])
GOOD = UsageEvent(Series("acme", "c-1", "api"), NOW_MS, 1, "api", "e-1", b"")
UNTRUSTED = ("", "", NOW_MS)


def screen() -> Screen:
    return Screen(0, Rules(0, 1, HORIZON_MS, Recipes()))


def record(value: bytes) -> SourceRecord:
    return SourceRecord(5, NOW_MS, value, {})


def turned(events: Sequence[UsageEvent], catalog: Catalog = CATALOG) -> list[Turned]:
    return screen().screen(record(encode_pack(events)), catalog).turned


def test_good_events_go_on() -> None:
    screened = screen().screen(record(encode_pack([GOOD, GOOD._replace(given_ms=NOT_GIVEN)])), CATALOG)
    assert list(screened.passing) == [0, 1]
    assert list(screened.occurred_ms) == [NOW_MS, NOW_MS]
    assert screened.turned == []


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (GOOD._replace(series=Series("", "c-1", "api")), Refusal.INVALID),
        (GOOD._replace(series=Series("acme", "c\n", "api")), Refusal.INVALID),
        (GOOD._replace(series=Series("acme", "c-1", "t" * 129)), Refusal.INVALID),
        (GOOD._replace(source=""), Refusal.INVALID),
        (GOOD._replace(id=""), Refusal.INVALID),
        (GOOD._replace(id="\0"), Refusal.INVALID),
        (GOOD._replace(id="e" * 129), Refusal.INVALID),
        (GOOD._replace(given_ms=NOW_MS - HORIZON_MS - SLACK_MS - 1), Refusal.BEYOND_HORIZON),
        (GOOD._replace(given_ms=NOW_MS + AHEAD_MS + SLACK_MS + 1), Refusal.TOO_FAR_AHEAD),
        (GOOD._replace(quantity_micro=NO_QUANTITY), Refusal.NO_VALUE),
        # The first reason of several is the one that is told.
        (GOOD._replace(id="", given_ms=0, quantity_micro=NO_QUANTITY), Refusal.INVALID),
        (GOOD._replace(given_ms=0, quantity_micro=NO_QUANTITY), Refusal.BEYOND_HORIZON),
    ],
)
def test_an_event_that_breaks_a_rule_is_refused_and_its_neighbours_go_on(
    event: UsageEvent, code: Refusal
) -> None:
    screened = screen().screen(record(encode_pack([GOOD, event, GOOD])), CATALOG)
    assert [each.verdict for each in screened.turned] == [Verdict(1, Fate.REFUSED, code)]
    assert list(screened.passing) == [0, 2]


def test_ages_at_the_very_edge_are_allowed() -> None:
    edges = (NOW_MS - HORIZON_MS - SLACK_MS, NOW_MS + AHEAD_MS + SLACK_MS)
    assert turned([GOOD._replace(given_ms=at_ms) for at_ms in edges]) == []


def test_a_stranger_is_refused_again_and_again() -> None:
    rules = Screen(1, Rules(1, 4096, HORIZON_MS, Recipes()))
    for _ in range(2):
        screened = rules.screen(record(encode_pack([GOOD])), CATALOG)
        assert [each.verdict.code for each in screened.turned] == [Refusal.WRONG_PARTITION]


def test_what_no_meter_measures_is_unmatched() -> None:
    [one] = turned([GOOD._replace(series=Series("acme", "c-1", "other"), quantity_micro=NO_QUANTITY)])
    assert one.verdict == Verdict(0, Fate.UNMATCHED)
    assert one[1:] == ("acme", "other", NOW_MS)


def test_an_event_with_bad_texts_is_booked_under_nobody() -> None:
    [one] = turned([GOOD._replace(id="", given_ms=0)])
    assert one[1:] == UNTRUSTED


@pytest.mark.parametrize("value", [b"", b"\0", encode_pack([GOOD])[:-1]])
def test_what_nobody_can_read_is_one_refused_event_and_a_dead_letter(value: bytes) -> None:
    screened = screen().screen(record(value), CATALOG)
    assert screened.turned == [Turned(Verdict(0, Fate.REFUSED, Refusal.UNREADABLE), *UNTRUSTED)]
    assert screened.pack is None
    assert screened.unreadable


def test_a_skipped_record_is_refused_event_by_event() -> None:
    codes = [one.verdict.code for one in turned([GOOD, GOOD._replace(given_ms=0)], SKIPPING)]
    assert codes == [Refusal.SKIPPED, Refusal.SKIPPED]


def test_a_skipped_record_is_booked_under_its_own_names() -> None:
    [one] = turned([GOOD._replace(id="")], SKIPPING)
    assert one[1:] == ("acme", "api", NOW_MS)


FROM_THE_FUTURE = msgspec.msgpack.encode([2])


def test_a_pack_of_a_newer_release_stops_the_process() -> None:
    with pytest.raises(UnknownPackVersion):
        screen().screen(record(FROM_THE_FUTURE), CATALOG)


@pytest.mark.parametrize("value", [b"", FROM_THE_FUTURE])
def test_whatever_is_wrong_with_a_skipped_record_it_stops_nothing(value: bytes) -> None:
    screened = screen().screen(record(value), SKIPPING)
    assert [one.verdict for one in screened.turned] == [Verdict(0, Fate.REFUSED, Refusal.SKIPPED)]
    assert not screened.unreadable


def test_a_pack_that_spans_two_versions_is_held_against_both() -> None:
    later = MetersPublished(2, NOW_MS, (Meter(name="other", event_type="other"),))
    events = [GOOD._replace(given_ms=NOW_MS - 1), GOOD]
    assert [one.verdict for one in turned(events, CATALOG.with_facts([later]))] == [
        Verdict(1, Fate.UNMATCHED)
    ]
