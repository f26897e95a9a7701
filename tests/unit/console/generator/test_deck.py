import json
from collections import Counter

import pytest

from console.generator.deck import Batch, Deck, Made
from console.generator.measures import TYPES, UNMEASURED
from console.generator.mix import Mix
from schemas.admission import EventRejected, read_event, value_faults
from schemas.instant import DAY_MS, HOUR_MS, parse_instant
from schemas.meters import Meter
from schemas.quantity import MICRO, parse_micro

NOW_MS = 1_763_726_400_000
MIX = Mix(
    events=3_000,
    seed=5,
    until_ms=NOW_MS,
    span_ms=DAY_MS,
    invalid=0.02,
    conflicts=0.02,
    unmatched=0.02,
    late=0.03,
)
GIB = 2**30
SHIPPED = {
    "storage": Meter(name="storage", event_type="storage", properties=("bytes", "hours"), per_unit=GIB),
    "bandwidth": Meter(name="bandwidth", event_type="bandwidth", properties=("bytes",), per_unit=GIB),
    "compute": Meter(name="compute", event_type="compute", properties=("cpu_seconds",), per_unit=3600),
}


def deal(mix: Mix = MIX, tenants: tuple[str, ...] = ("a", "b")) -> list[Batch]:
    return list(Deck(mix, list(tenants)).deal())


def events(batches: list[Batch]) -> list[Made]:
    return [event for batch in batches for event in batch.events]


def meter(kind: str) -> Meter:
    return SHIPPED.get(kind, Meter(name=kind, event_type=kind, default_one=True))


def test_the_same_seed_deals_the_same_events_and_another_seed_others() -> None:
    assert deal() == deal()
    other = Mix(events=3_000, seed=6, until_ms=NOW_MS)
    ids = {json.loads(event.body)["id"] for event in events(deal())}
    assert ids.isdisjoint(json.loads(event.body)["id"] for event in events(deal(other)))


@pytest.mark.parametrize("seed", range(20))
def test_as_many_events_are_dealt_as_asked_for_conflicting_copies_included(seed: int) -> None:
    # Half of them are contested, so that for some seeds the last one would be.
    mix = Mix(events=51, seed=seed, until_ms=NOW_MS, batch=7, conflicts=0.5)
    dealt = events(deal(mix))
    assert len(dealt) + sum(event.conflict is not None for event in dealt) == mix.events


def test_a_request_holds_at_most_a_batch_and_one_event_goes_alone() -> None:
    assert max(len(batch.events) for batch in deal()) == MIX.batch
    single = Mix(events=5, seed=1, until_ms=NOW_MS, batch=1)
    assert all(isinstance(json.loads(batch.body()), dict) for batch in deal(single))
    assert all(isinstance(json.loads(batch.body()), list) for batch in deal())


def test_a_customer_belongs_to_one_tenant() -> None:
    owners: dict[str, set[int]] = {}
    for batch in deal(tenants=("a", "b", "c")):
        for event in batch.events:
            owners.setdefault(json.loads(event.body)["customer"], set()).add(batch.tenant)
    assert len(owners) > 10
    assert all(len(tenants) == 1 for tenants in owners.values())


def test_the_door_rejects_exactly_the_faulty_events() -> None:
    faulty = 0
    for event in events(deal()):
        line = json.loads(event.line + b'none"}')
        if line["quantity"]:
            read_event(event.body, "a", NOW_MS)
        else:
            faulty += 1
            with pytest.raises(EventRejected):
                read_event(event.body, "a", NOW_MS)
    assert faulty > 0


def test_the_truth_names_the_quantity_that_the_meter_measures() -> None:
    kinds = Counter[str]()
    for event in events(deal()):
        line = json.loads(event.line + b'none"}')
        if line["quantity"] and line["meter"] in TYPES:
            read = read_event(event.body, "a", NOW_MS)
            of = meter(line["meter"])
            assert not value_faults(read, [of])
            measured = of.measure(read.quantity_micro, read.rest)
            assert measured * MICRO == parse_micro(line["quantity"]) * of.scale
            kinds[line["meter"]] += 1
    assert set(kinds) == set(TYPES)


def test_copies_are_the_same_bytes_and_conflicts_differ_in_content_alone() -> None:
    dealt = events(deal())
    assert max(Counter(event.body for event in dealt).values()) > 1
    for event in dealt:
        if event.conflict is not None:
            first, second = (json.loads(each.line + b'none"}') for each in (event, event.conflict))
            assert first["id"] == second["id"]
            assert first["customer"] == second["customer"]
            assert first["content"] != second["content"]


def test_late_events_lie_beyond_the_longest_grace_and_the_rest_within_the_span() -> None:
    late = played = unmeasured = 0
    for event in events(deal()):
        line = json.loads(event.line + b'none"}')
        unmeasured += line["meter"] == UNMEASURED
        if line["quantity"]:
            age_ms = NOW_MS - parse_instant(line["time"])
            late += age_ms >= 26 * HOUR_MS
            played += age_ms <= DAY_MS
            assert age_ms >= 26 * HOUR_MS or age_ms <= DAY_MS
    assert late > 0
    assert unmeasured > 0
    assert played > 10 * late


def test_a_run_without_faults_has_none() -> None:
    plain = Mix(
        events=500, seed=2, until_ms=NOW_MS, duplicates=0, late=0, invalid=0, conflicts=0, unmatched=0
    )
    ids = [json.loads(event.body)["id"] for event in events(deal(plain))]
    assert len(set(ids)) == len(ids) == 500
