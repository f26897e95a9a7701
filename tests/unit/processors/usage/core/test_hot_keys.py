"""Whoever has a large share of a partition's last minute is found, in little memory, whatever the pattern."""

from collections import Counter
from itertools import cycle, islice

from hypothesis import example, given
from hypothesis import strategies as st

from processors.usage.core.hot_keys import (
    HOT_PERCENT,
    SLOT_MS,
    SLOTS,
    Heavy,
    HotKey,
    HotKeys,
)

START = 1_000_000_000_000
#: A few keys that come often, among many that do not.
keys = st.one_of(st.integers(0, 3), st.integers(0, 400))


def found(detector: HotKeys) -> dict[tuple[str, str], float]:
    return {(hot.tenant, hot.customer): hot.share for hot in detector.take() or []}


def add(detector: HotKeys, offset: int, at_ms: int, customers: list[str], tenant: str = "acme") -> None:
    """Add a record with one event of each of *customers*."""
    table = sorted(set(customers))
    series = [(tenant, customer, "api") for customer in table]
    detector.add(offset, at_ms, series, [table.index(customer) for customer in customers])


@example(1, [(0, 5), (1, 3), (1, 1)])
@example(2, [(0, 4), (1, 2), (2, 2), (1, 1), (2, 1), (3, 1)])
@given(st.integers(1, 8), st.lists(st.tuples(st.integers(0, 12), st.integers(1, 20)), max_size=200))
def test_a_summary_is_never_above_the_truth_nor_far_below_it(
    room: int, stream: list[tuple[int, int]]
) -> None:
    summary: Heavy[int] = Heavy(room)
    truth: Counter[int] = Counter()
    for key, weight in stream:
        summary.add(key, weight)
        truth[key] += weight
        assert len(summary.counts) <= room
    assert summary.total == truth.total()
    for key, events in truth.items():
        said = summary.counts.get(key, 0)
        assert said <= events
        assert (events - said) * (room + 1) <= summary.total


@given(st.lists(st.tuples(st.integers(0, 3 * SLOT_MS), st.lists(keys, min_size=1, max_size=30)), max_size=60))
def test_everybody_above_the_share_is_found_and_nobody_far_below_it(
    records: list[tuple[int, list[int]]],
) -> None:
    detector = HotKeys(stride=1, least_events=1)
    at_ms, seen = START, list[tuple[int, str]]()
    for offset, (pause_ms, numbers) in enumerate(records):
        slot = at_ms // SLOT_MS
        at_ms += pause_ms
        add(detector, offset, at_ms, [str(number) for number in numbers])
        hot = detector.take()
        assert (hot is None) == (at_ms // SLOT_MS == slot and offset > 0)
        if hot is not None:
            # The window ends with the last slot in which something came before this record.
            truth = Counter(name for number, name in seen if number > slot - SLOTS)
            shares = {name: 100 * events / truth.total() for name, events in truth.items()}
            named = {each.customer for each in hot}
            assert named >= {name for name, share in shares.items() if share > HOT_PERCENT}
            assert named <= {name for name, share in shares.items() if share > HOT_PERCENT - 2}
        seen += [(at_ms // SLOT_MS, str(number)) for number in numbers]


def test_no_pattern_hides_from_the_sample() -> None:
    for length in (1, 4, 8, 16, 250):  # of events in a record; at 16 the sample sees one of each
        detector = HotKeys()
        letters = cycle("aaaabcdefghijklm")
        for offset in range(160_000 // length):
            add(detector, offset, START, list(islice(letters, length)))
        add(detector, 0, START + SLOT_MS, ["a"])
        shares = found(detector)
        assert abs(shares.get(("acme", "a"), 0) - 0.25) < 0.01
        assert len(shares) == 1


def test_a_quiet_partition_has_no_hot_keys() -> None:
    detector = HotKeys()
    for offset in range(59):
        add(detector, offset, START, ["a"] * 1_000)
    add(detector, 59, START + SLOT_MS, ["a"] * 1_000)
    assert found(detector) == {}
    add(detector, 60, START + 2 * SLOT_MS, ["a"] * 1_000)
    assert found(detector) == {("acme", "a"): 1.0}


def test_a_key_that_has_cooled_down_is_forgotten_within_a_minute() -> None:
    detector = HotKeys(stride=1, least_events=1)
    add(detector, 0, START, ["a"] * 10)
    for slot in range(1, SLOTS + 1):
        add(detector, slot, START + slot * SLOT_MS, ["b"])
        assert ("acme", "a") in found(detector)
    add(detector, SLOTS + 1, START + (SLOTS + 1) * SLOT_MS, ["b"])
    assert found(detector) == {("acme", "b"): 1.0}


def test_a_tenant_is_hot_only_beside_others() -> None:
    detector = HotKeys(stride=1, least_events=1)
    add(detector, 0, START, [str(number) for number in range(50)])
    add(detector, 1, START + SLOT_MS, ["x"], "other")
    assert found(detector) == {}
    add(detector, 2, START + 2 * SLOT_MS, ["x"], "other")
    assert [hot[:2] for hot in [HotKey(*key, 0) for key in found(detector)]] == [("acme", "")]


def test_a_clock_that_steps_back_opens_no_new_window() -> None:
    detector = HotKeys(stride=1, least_events=1)
    add(detector, 0, START, ["a"])
    assert detector.take() == []
    add(detector, 1, START - 5 * SLOT_MS, ["a"])
    assert detector.take() is None
