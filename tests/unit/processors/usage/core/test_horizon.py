from hypothesis import given
from hypothesis import strategies as st

from processors.usage.core.horizon import Horizon
from schemas.horizon import oldest_kept_hour_ms
from schemas.instant import HOUR_MS

#: Steps of record time, which may go back.
steps = st.lists(st.sampled_from([0, 1, HOUR_MS // 2, HOUR_MS, 3 * HOUR_MS, -1, -HOUR_MS]), max_size=30)
FIRST_MS = 500_000 * HOUR_MS


def times_of(moves: list[int]) -> list[int]:
    times = [FIRST_MS]
    for move in moves:
        times.append(times[-1] + move)
    return times


@given(steps, st.integers(0, 5))
def test_a_record_is_kept_while_its_hour_is(moves: list[int], horizon_hours: int) -> None:
    horizon = Horizon(horizon_hours * HOUR_MS)
    newest_hours: list[int] = []
    for offset, at_ms in enumerate(times_of(moves)):
        horizon.observe(offset, at_ms)
        newest_hours.append(max([at_ms - at_ms % HOUR_MS, *newest_hours]))
        oldest_ms = oldest_kept_hour_ms(at_ms, horizon_hours * HOUR_MS)
        kept = [each for each, hour_ms in enumerate(newest_hours) if hour_ms >= oldest_ms]
        assert [each for each in range(offset + 1) if each >= horizon.kept_since(at_ms)] == kept


@given(steps)
def test_the_records_that_open_an_hour_are_enough_to_restore_it(moves: list[int]) -> None:
    first, second = Horizon(HOUR_MS), Horizon(HOUR_MS)
    for offset, at_ms in enumerate(times_of(moves)):
        if first.observe(offset, at_ms):
            second.observe(offset, at_ms)
    assert first.hours() == second.hours()


def test_a_replayed_record_opens_nothing() -> None:
    horizon = Horizon(HOUR_MS)
    assert horizon.observe(3, FIRST_MS)
    assert not horizon.observe(3, FIRST_MS)
    assert horizon.hours() == [(FIRST_MS, 3)]


def test_without_any_record_everything_is_kept() -> None:
    assert Horizon(HOUR_MS).kept_since(FIRST_MS) == 0


def test_long_after_the_last_record_nothing_is_kept() -> None:
    horizon = Horizon(HOUR_MS)
    horizon.observe(3, FIRST_MS)
    assert horizon.kept_since(FIRST_MS + 100 * HOUR_MS) > 2**48
