import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.horizon import SLACK_MS
from schemas.instant import DAY_MS, HOUR_MS, MINUTE_MS
from schemas.pack import encode_pack
from schemas.source_record import CLOUDEVENTS
from tests.unit.console.books.model import Model, Record
from tests.unit.console.books.worlds import (
    CATALOG,
    HORIZON_MS,
    NOON_MS,
    PARTITIONS,
    World,
    event,
    record,
    untimed,
)

Recount = Callable[..., World]


@pytest.fixture
def recount(tmp_path: Path) -> Iterator[Recount]:
    worlds: list[World] = []

    def recounted(*records: Record, through: int = 1 << 40) -> World:
        worlds.append(World(tmp_path, records, through))
        return worlds[-1]

    yield recounted
    for world in worlds:
        world.close()


def test_a_copy_is_a_duplicate_and_a_copy_with_other_content_a_conflict(recount: Recount) -> None:
    world = recount(record(2, event(), event(), event()), record(3, event(micro=7), event("e-2")))
    assert world.totals() == {"counted": 2, "duplicate": 2, "conflict": 1}


def test_the_first_copy_on_the_log_wins_whatever_its_event_time(recount: Recount) -> None:
    world = recount(record(3, event(micro=1, at_ms=NOON_MS)), record(2, event(micro=5, at_ms=NOON_MS + 9)))
    assert [partial.sum for key, partial in world.rollups().items() if key[2] == "api"] == [5]


def test_an_id_belongs_to_its_customer_and_source(recount: Recount) -> None:
    world = recount(record(2, event()), record(3, event(source="other")), record(4, event(customer="c-2")))
    assert world.totals() == {"counted": 3}
    assert world.log_side.reused_ids(9) == [("acme", "api", "e-1", ["c-1", "c-2"])]


@pytest.mark.parametrize(
    ("arrives_ms", "fate"),
    [
        (NOON_MS + HOUR_MS - 1, "counted"),
        (NOON_MS + HOUR_MS, "in_grace"),
        (NOON_MS + 2 * HOUR_MS - 1, "in_grace"),
        (NOON_MS + 2 * HOUR_MS, "late"),
    ],
)
def test_late_is_decided_by_the_record_and_the_windows_end(
    recount: Recount, arrives_ms: int, fate: str
) -> None:
    assert recount(record(2, event(), at_ms=arrives_ms)).totals() == {fate: 1}


def test_a_later_version_of_the_meters_has_its_own_grace(recount: Recount) -> None:
    at_ms = NOON_MS + HOUR_MS
    world = recount(record(2, event(at_ms=at_ms), at_ms=at_ms + 3 * HOUR_MS - 1))
    assert world.totals() == {"in_grace": 1}


def test_a_late_event_has_a_row_for_the_day_on_which_it_came(recount: Recount) -> None:
    world = recount(record(2, event(at_ms=NOON_MS - 30 * HOUR_MS)))
    assert {day for *_, day in world.rollups()} == {NOON_MS // DAY_MS}


def test_an_event_without_a_time_occurred_when_it_was_recorded(recount: Recount) -> None:
    world = recount(
        record(2, untimed("e-1"), at_ms=NOON_MS + 5), record(3, untimed("e-1"), at_ms=NOON_MS + 9)
    )
    assert world.totals() == {"counted": 1, "duplicate": 1}
    assert {partial.latest_ms for partial in world.rollups().values()} == {NOON_MS + 5}


def test_a_copy_counts_again_once_its_first_sighting_is_beyond_the_horizon(recount: Recount) -> None:
    later_ms = NOON_MS + HORIZON_MS + 3 * HOUR_MS
    world = recount(
        record(2, untimed("e-1"), at_ms=NOON_MS),
        record(3, untimed("e-1"), at_ms=NOON_MS + HORIZON_MS),
        record(4, untimed("e-1"), at_ms=later_ms),
        record(5, untimed("e-1"), at_ms=later_ms + 1),
    )
    assert world.totals() == {"counted": 2, "duplicate": 2}


@pytest.mark.parametrize(
    ("at_ms", "fate"),
    [
        (NOON_MS - HORIZON_MS - SLACK_MS, "late"),
        (NOON_MS - HORIZON_MS - SLACK_MS - 1, "refused"),
        (NOON_MS + 5 * MINUTE_MS + SLACK_MS, "counted"),
        (NOON_MS + 5 * MINUTE_MS + SLACK_MS + 1, "refused"),
    ],
)
def test_what_is_too_old_or_too_far_ahead_is_refused(recount: Recount, at_ms: int, fate: str) -> None:
    assert recount(record(2, event(at_ms=at_ms), at_ms=NOON_MS)).totals() == {fate: 1}


def test_an_event_on_a_strangers_partition_is_refused(recount: Recount) -> None:
    home = record(2, event()).partition
    assert recount(record(2, event(), partition=1 - home)).totals() == {"refused": 1}


@pytest.mark.parametrize("name", ["", "x" * 129, "nul\0", "tab\t"])
def test_an_event_with_an_impossible_name_is_booked_under_nobody(recount: Recount, name: str) -> None:
    world = recount(record(2, event(name), event("e-2", source=name), event("e-3", event_type=name)))
    ((key, counts),) = world.fates().items()
    assert key[:3] == ("", "", NOON_MS)
    assert counts == {"refused": 3}


def test_a_record_that_nobody_can_read_is_one_refused_event(recount: Recount) -> None:
    unreadable = Record(0, 2, NOON_MS + 70_000, b"\x93garbage", {})
    world = recount(unreadable)
    assert world.fates() == {("", "", NOON_MS, NOON_MS // DAY_MS, 0): {"refused": 1}}


def test_an_invalid_event_among_cloudevents_is_refused_and_its_neighbours_count(recount: Recount) -> None:
    good = b'{"specversion":"1.0","id":"%d","source":"s","type":"api","subject":"c-1"}'
    batch = b"[" + good % 1 + b',{"specversion":"1.0"},' + good % 2 + b"]"
    headers = {"content-type": CLOUDEVENTS.encode(), "tenant": b"acme"}
    home = record(2, event()).partition
    world = recount(Record(home, 2, NOON_MS, batch, headers))
    assert world.totals() == {"counted": 2, "refused": 1}


def test_a_skipped_record_is_refused_under_its_own_names(recount: Recount) -> None:
    customer = next(f"c-{n}" for n in range(99) if record(0, event(customer=f"c-{n}")).partition == 0)
    world = recount(record(1, event(customer=customer)), record(2, event(customer=customer)))
    assert world.totals() == {"refused": 1, "counted": 1}
    assert {key[:2] for key in world.fates()} == {("acme", "api")}


def test_events_beyond_the_progress_are_in_flight_and_nothing_else(recount: Recount) -> None:
    world = recount(record(2, event("e-1")), record(3, event("e-1"), event("e-2")), through=2)
    assert world.totals() == {"counted": 1}
    assert world.in_flight() == 2


def test_a_refused_or_unmatched_event_is_no_first_sighting(recount: Recount) -> None:
    world = recount(
        record(2, event(event_type="nobody measures this")),
        record(3, event(at_ms=NOON_MS + DAY_MS)),
        record(4, event()),
    )
    assert world.totals() == {"unmatched": 1, "refused": 1, "counted": 1}


def test_groups_are_apart_and_what_every_filter_leaves_out_has_no_meter(recount: Recount) -> None:
    rests = (
        b'{"data":{"method":"GET","path":"/x"}}',
        b'{"data":{"method":"GET","path":"/y"}}',
        b'{"data":{"method":"GET"}}',
        b'{"data":{"method":"PUT","path":"/x"}}',
        b'{"data":{"method":"PUT","user":{"plan":"pro","tokens":5}}}',
        b'{"data":7}',
    )
    events = (
        event(f"e-{n}", event_type="get", micro=1_000_000 * n, rest=rest) for n, rest in enumerate(rests)
    )
    world = recount(record(2, *events))
    assert world.totals() == {"counted": 4, "unmatched": 1, "refused": 1}
    assert {key[2:4]: partial.sum for key, partial in world.rollups().items()} == {
        ("gets", '{"path":"/x"}'): 0,
        ("gets", '{"path":"/y"}'): 1_000_000,
        ("gets", ""): 2_000_000,
        ("tokens", ""): 5_000_000,
    }


def test_an_event_without_the_quantity_that_its_filter_asks_for_is_refused(recount: Recount) -> None:
    get, put = b'{"data":{"method":"GET"}}', b'{"data":{"method":"PUT"}}'
    world = recount(
        record(2, event("e-1", event_type="get", rest=get), event("e-2", event_type="get", rest=put))
    )
    assert world.totals() == {"refused": 1, "unmatched": 1}


#: `data` as a producer wrote it, and what a bandwidth meter makes of it; None: a refusal.
_RESTS: Final[list[tuple[bytes, int | None]]] = [
    (b'{"data":{"bytes":12}}', 12_000_000),
    (b'{"data":{"bytes":"0.000001"}}', 1),
    (b'{"data":{"bytes":99999999999999.999999}}', 99_999_999_999_999_999_999),
    # 15 digits before the point are for the rule itself to read.
    (b'{"data":{"bytes":123456789012345}}', 123_456_789_012_345_000_000),
    (b'{"data":{"\\u0062ytes":12}}', 12_000_000),
    (b'{"data":{"bytes":12},"more":{"bytes":13}}', 12_000_000),
    (b'{"data":{"note":"bytes","bytes":12}}', 12_000_000),
    (b'{"data":{"more":{"bytes":13}}}', 5_000_000 * 2**30),
    (b'{"bytes":13}', 5_000_000 * 2**30),
    (b"", 5_000_000 * 2**30),
    (b'{"data":{"bytes":1e3}}', None),
    (b'{"data":{"bytes":-1}}', None),
    (b'{"data":{"bytes":"12,"}}', None),
    (b'{"data":{"bytes":{"bytes":12}}}', None),
    (b'{"data":[12]}', None),
    (b'{"data":{"bytes":12,"x":NaN}}', None),
    (b'{"data":{"bytes":12,"x":[-Infinity]}}', None),
    (b'{"data":{"bytes":12,}}', None),
    (b'{"data":{"bytes":12,"x":' + b"[" * 5000 + b"]" * 5000 + b"}}", None),
    (b'{"data":{"bytes":12,"x":"of: info"}}', 12_000_000),
    (b"[12]", None),
    (b"no json", None),
]


def test_a_property_is_read_as_the_rule_reads_it(recount: Recount) -> None:
    # One recount for all of them, each a customer of its own.
    world = recount(
        *(
            record(
                10 + number,
                event(customer=f"c-{number}", event_type="bandwidth", micro=5_000_000, rest=rest),
            )
            for number, (rest, _) in enumerate(_RESTS)
        )
    )
    found = {key[1]: partial.sum for key, partial in world.rollups().items()}
    for number, (rest, value) in enumerate(_RESTS):
        assert found.get(f"c-{number}") == value, rest
    assert world.totals()["refused"] == sum(value is None for _, value in _RESTS)


def test_sums_stay_exact_beyond_every_machine_number(recount: Recount) -> None:
    huge = 10**26 - 1
    world = recount(record(2, *(event(f"e-{n}", event_type="bandwidth", micro=huge) for n in range(500))))
    (partial,) = world.rollups().values()
    assert partial.sum == 500 * huge * 2**30
    assert partial.min == partial.max == partial.first == partial.latest == huge * 2**30


def test_many_values_are_recounted_into_the_sketch_that_their_values_make(recount: Recount) -> None:
    rest = b'{"data":{"bytes":%d,"user":"u-%d"}}'
    events = [event(f"e-{n}", event_type="visit", rest=rest % (n * n, n % 700)) for n in range(1_000)]
    world = recount(*(record(2 + n // 100, *events[n : n + 100]) for n in range(0, 1_000, 100)))
    found = {key[2]: words for key, words in world.sketches().items()}
    unique, error = found["users"].removesuffix(")").split(" (")
    assert error == "0.049"
    assert abs(int(unique) - 700) <= 700 * 0.049
    percentile, error = found["sizes"].removesuffix(")").split(" (")
    assert error == "0.008"
    assert abs(float(percentile) - 949**2) <= 949**2 * 0.008


def test_a_value_counts_as_often_as_it_came_in_a_percentile(recount: Recount) -> None:
    rest = b'{"data":{"user":1}}'
    quantities = (9, 9, 9, 1, 5)
    events = (event(f"e-{n}", event_type="visit", micro=m, rest=rest) for n, m in enumerate(quantities))
    found = {key[2]: words for key, words in recount(record(2, *events)).sketches().items()}
    assert found["waits"] == "0.000009 (exact)"
    assert found["users"] == "1 (exact)"


def test_levels_are_recounted_with_their_times_apart_by_group_and_whether_they_were_late(
    recount: Recount,
) -> None:
    rest = b'{"data":{"user":"%s","bytes":%d}}'
    stated = [(0, b"a", 2), (HOUR_MS // 2, b"a", 6), (HOUR_MS // 2, b"b", 10)]
    events = [
        event(f"e-{n}", event_type="visit", at_ms=NOON_MS + at_ms, rest=rest % (user, level))
        for n, (at_ms, user, level) in enumerate(stated)
    ]
    late = event("late", event_type="visit", at_ms=NOON_MS + HOUR_MS // 4, rest=rest % (b"a", 8))
    world = recount(record(2, *reversed(events)), record(3, late, at_ms=NOON_MS + DAY_MS))
    found = {(key[3], key[5] > 0): words for key, words in world.sketches().items() if key[2] == "disk"}
    assert found == {
        ('{"user":"a"}', False): "4 (exact)",
        ('{"user":"b"}', False): "5 (exact)",
        ('{"user":"a"}', True): "6 (exact)",
    }


def test_an_event_about_nobody_is_refused(recount: Recount) -> None:
    rests = (b'{"data":{"user":{"id":7}}}', b'{"data":{"user":null}}', b"", b'{"data":{"user":0}}')
    events = (event(f"e-{n}", event_type="visit", rest=rest) for n, rest in enumerate(rests))
    assert recount(record(2, *events)).totals() == {"refused": 3, "counted": 1}


_rests = st.sampled_from(
    [
        b"",
        b'{"data":{"bytes":"1.5","hours":2}}',
        b'{"data":{"bytes":7}}',
        b'{"data":{"hours":3,"x":1}}',
        b'{"data":{"method":"GET","path":"/x","user":{"plan":"pro","tokens":3}}}',
        b'{"data":{"method":"PUT","path":"/y","user":{"plan":"max","tokens":"x"}}}',
        b'{"data":{"method":"PUT","path":[1],"user":{"plan":"free"}}}',
        b'{"data":{"bytes":7,"user":"u-1"}}',
        b'{"data":{"bytes":"1.5","user":7,"x":"\\u0041"}}',
        b'{"data":{"path":"/z","seen":true,"user":"\\u0037"}}',
        b'{"data":{"bytes":99999999999999999999,"user":true}}',
        b"{]",
    ]
)
_micros = st.sampled_from([NO_QUANTITY, 0, 1, 2_500_000, 10**20, 10**26 - 1])
_times = st.sampled_from(
    [NOT_GIVEN, NOON_MS - HORIZON_MS - SLACK_MS - 1, NOON_MS - 5 * HOUR_MS, NOON_MS - 1, NOON_MS, NOON_MS + 7]
) | st.integers(NOON_MS - 3 * HOUR_MS, NOON_MS + 3 * HOUR_MS)
_events = st.builds(
    UsageEvent,
    st.builds(
        Series,
        st.sampled_from(["acme", "bolt", ""]),
        st.sampled_from(["c-1", "c-2", "Zoë", "bad\n"]),
        st.sampled_from(["api", "storage", "bandwidth", "call", "get", "visit", "seats", "nothing"]),
    ),
    _times,
    _micros,
    st.sampled_from(["api", "s\0"]),
    st.sampled_from(["1", "2", "3", "ü", "\u200b", "6f9619ff-8b86-d011-b42d-00c04fc964ff"]),
    _rests,
)
_values = st.lists(_events, min_size=1, max_size=12).map(encode_pack) | st.just(b"garbage")
_steps_ms = st.sampled_from([0, 1, MINUTE_MS, HOUR_MS, 7 * HOUR_MS, 2 * DAY_MS])


@st.composite
def logs(draw: st.DrawFn) -> list[Record]:
    """Return two partitions of a log; the broker's clock never goes back."""
    found = []
    for partition in range(PARTITIONS):
        at_ms = NOON_MS
        for offset, value in enumerate(draw(st.lists(_values, min_size=4, max_size=16))):
            at_ms += draw(_steps_ms)
            found.append(Record(partition, offset, at_ms, value, {}))
    return found


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(log=logs(), through=st.integers(0, 16))
def test_the_recount_is_what_the_obviously_right_one_says(log: list[Record], through: int) -> None:
    model = Model(CATALOG, PARTITIONS, HORIZON_MS).recount(r for r in log if r.offset <= through)
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), log, through)
        try:
            assert world.fates() == model.fates
            assert world.rollups() == model.rollups
            assert world.sketches() == model.sketches()
        finally:
            world.close()
