"""The events of one record by the window that they fall into."""

from collections.abc import Sequence
from typing import NamedTuple

from schemas.windows import WINDOW_MS, window_start


class Window(NamedTuple):
    """One window, and the events of a record that fall into it, in log order."""

    start_ms: int
    indexes: Sequence[int]


def windows_of(occurred_ms: Sequence[int]) -> list[Window]:
    """Return the windows of events at *occurred_ms*; nearly always there is one, or one and a few."""
    start_ms = window_start(occurred_ms[-1])
    end_ms = start_ms + WINDOW_MS
    if min(occurred_ms) >= start_ms and max(occurred_ms) < end_ms:
        return [Window(start_ms, range(len(occurred_ms)))]
    others: dict[int, list[int]] = {}
    for index, at_ms in enumerate(occurred_ms):
        if not start_ms <= at_ms < end_ms:
            others.setdefault(window_start(at_ms), []).append(index)
    same = [index for index, at_ms in enumerate(occurred_ms) if start_ms <= at_ms < end_ms]
    return [Window(start_ms, same), *(Window(*other) for other in others.items())]
