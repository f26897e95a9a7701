import pytest

from console.generator.core.expected import Attempted, Cell, Stored, expected_cells, judge

HOUR = "2026-11-21T10:00:00Z"
CELL = Cell("t", "c", "api", 1_795_255_200_000)


def attempt(event_id: str, quantity: str = "1", *, acknowledged: bool = True) -> Attempted:
    return Attempted("t", "c", "api", event_id, "api", quantity, HOUR, acknowledged)


def test_an_event_counts_once_however_often_it_was_sent() -> None:
    cells = expected_cells([attempt("1"), attempt("1"), attempt("2", "2.5")])
    assert (cells[CELL].sure, cells[CELL].sure_micro) == (2, 3_500_000)
    assert judge(cells, {CELL: Stored(2, 3_500_000)}).good


def test_a_repeat_that_had_its_2xx_makes_the_event_sure() -> None:
    cells = expected_cells([attempt("1", acknowledged=False), attempt("1")])
    assert cells[CELL].sure == 1
    assert cells[CELL].unsure_micro == []


def test_the_first_content_is_what_counts() -> None:
    cells = expected_cells([attempt("1", "5"), attempt("1", "7")])
    assert cells[CELL].sure_micro == 5_000_000


@pytest.mark.parametrize(
    ("stored", "lost", "double", "wrong_sums"),
    [
        (Stored(2, 3_000_000), 0, 0, 0),
        (Stored(1, 1_000_000), 1, 0, 0),
        (Stored(3, 4_000_000), 0, 1, 0),
        (Stored(2, 3_000_001), 0, 0, 1),
        (Stored(2, 3_000_000, remainder=1), 0, 0, 1),
        (Stored(0, 0), 2, 0, 0),
    ],
)
def test_what_is_missing_too_much_or_wrong_is_counted(
    stored: Stored, lost: int, double: int, wrong_sums: int
) -> None:
    cells = expected_cells([attempt("1", "1"), attempt("2", "2")])
    verdict = judge(cells, {CELL: stored})
    assert (verdict.lost, verdict.double, verdict.wrong_sums) == (lost, double, wrong_sums)
    assert verdict.good == (lost == double == wrong_sums == 0)
    assert bool(verdict.examples) != verdict.good


@pytest.mark.parametrize(
    ("stored", "good"),
    [
        (Stored(1, 1_000_000), True),
        (Stored(2, 3_000_000), True),
        (Stored(2, 5_000_000), True),
        (Stored(3, 7_000_000), True),
        (Stored(2, 4_000_000), False),
        (Stored(4, 8_000_000), False),
        (Stored(0, 0), False),
    ],
)
def test_an_event_that_never_had_a_2xx_may_count_or_not(stored: Stored, good: bool) -> None:  # noqa: FBT001
    attempts = [attempt("1"), attempt("2", "2", acknowledged=False), attempt("3", "4", acknowledged=False)]
    assert judge(expected_cells(attempts), {CELL: stored}).good is good


def test_many_unsure_events_are_held_against_their_bounds() -> None:
    attempts = [attempt(str(n), str(n), acknowledged=False) for n in range(1, 31)]
    cells = expected_cells(attempts)
    assert judge(cells, {CELL: Stored(2, 3_000_000)}).good
    assert judge(cells, {CELL: Stored(2, 59_000_000)}).good
    assert not judge(cells, {CELL: Stored(2, 2_000_000)}).good
    assert not judge(cells, {CELL: Stored(2, 60_000_000)}).good


def test_usage_that_nobody_sent_is_double() -> None:
    assert judge({}, {CELL: Stored(3, 3)}).double == 3
