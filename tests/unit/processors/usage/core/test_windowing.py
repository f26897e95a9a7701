from hypothesis import given
from hypothesis import strategies as st

from processors.usage.core.windowing import windows_of
from schemas.windows import WINDOW_MS, window_start


@given(st.lists(st.integers(0, 5 * WINDOW_MS), min_size=1, max_size=40))
def test_every_event_is_in_its_window_once_and_in_order(occurred_ms: list[int]) -> None:
    windows = windows_of(occurred_ms)
    assert len({window.start_ms for window in windows}) == len(windows)
    assert sorted(index for window in windows for index in window.indexes) == list(range(len(occurred_ms)))
    for window in windows:
        assert {window_start(occurred_ms[index]) for index in window.indexes} == {window.start_ms}
        assert list(window.indexes) == sorted(window.indexes)
