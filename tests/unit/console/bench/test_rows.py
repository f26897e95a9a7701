import pytest

from console.bench.core.rows import BY_NAME, EXACT, ROWS, Reached, Row
from console.bench.plan import MEASUREMENTS, PROFILE, START_ROWS, chosen
from console.bench.scale import FULL
from schemas.errors import Misconfigured

FAST = Row("fast", "", "events/s", "more", 75.0, "", 120.0)
SMALL = Row("small", "", "ms", "less", 25.0, "", 10.0)
NEVER = Row("never", "", "events", "less", 0, "0", 0)


@pytest.mark.parametrize(
    ("row", "figure", "expected"),
    [
        (FAST, 120.0, "goal"),
        (FAST, 119.9, "bar"),
        (FAST, 75.0, "bar"),
        (FAST, 74.9, "below"),
        (SMALL, 10.0, "goal"),
        (SMALL, 10.1, "bar"),
        (SMALL, 25.1, "below"),
        (NEVER, 0, "goal"),
        (NEVER, 1, "below"),
        (Row("free", "", "ms", "less"), 1.0, "none"),
    ],
)
def test_a_figure_is_held_against_bar_and_goal(row: Row, figure: float, expected: Reached) -> None:
    assert row.reached(figure) == expected


@pytest.mark.parametrize(
    ("row", "figure", "expected"),
    [
        (FAST, 37.5, "bar"),
        (FAST, 37.4, "below"),
        (FAST, 60.0, "goal"),
        (SMALL, 50.0, "bar"),
        (SMALL, 50.1, "below"),
        (NEVER, 1, "below"),
        (Row("pause", "", "s", "less", 3.0, "", 1.0), 3.1, "below"),
        (Row("free", "", "ms", "less"), 1.0, "none"),
    ],
)
def test_a_machine_of_half_the_speed_has_bars_of_its_own(row: Row, figure: float, expected: Reached) -> None:
    assert row.on_a_machine(slower=2.0).reached(figure) == expected


def test_every_goal_is_at_least_as_good_as_its_bar() -> None:
    for row in ROWS:
        if row.goal is not None:
            assert row.reached(row.goal) == "goal"
            assert row.bar is not None


def test_every_row_has_a_measurement_and_only_rows_are_measured() -> None:
    measured = [row for each in MEASUREMENTS for row in each.rows] + list(START_ROWS)
    assert sorted(measured) == sorted(set(measured))
    assert set(measured) - {PROFILE} == set(BY_NAME) - set(EXACT)


def test_only_what_fills_the_rows_asked_for_is_measured() -> None:
    plan = chosen(["stored-p99"])
    assert [each.rows for each in plan.measurements] == [("stored-p50", "stored-p99")]
    assert not plan.starts
    assert chosen(["start-ids"]) == ((), True)
    assert chosen([]) == (MEASUREMENTS, True)


def test_an_unknown_row_is_refused_with_those_there_are() -> None:
    with pytest.raises(Misconfigured, match="no row http-7: choose from ack-p50-100"):
        chosen(["http-100", "http-7"])


def test_every_row_can_tell_its_sizes() -> None:
    told = [row.what.format(**FULL._asdict()) for row in ROWS]
    assert "processor's start with 1,000,000 keys" in told
    assert not [what for what in told if "{" in what]
