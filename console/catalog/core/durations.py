"""Spans of time as people write them: 30m, 1h, 2d."""

import re
from typing import Final

from console.catalog.core.tree import Node
from schemas.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

_DURATION: Final = re.compile(r"(\d{1,9}) ?(s|m|h|d)", re.ASCII)
_UNITS: Final = {"s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
#: Beyond it a late row could arrive after the log, which is kept for 7 days, has forgotten its window.
_WEEK_MS: Final = 7 * DAY_MS


def below_a_week(node: Node) -> int:
    """Return the milliseconds of a time below seven days. Raises ValueError."""
    length_ms = span_ms(node.value if isinstance(node.value, str) else "")
    if length_ms >= _WEEK_MS:
        raise ValueError("must be less than 7 days")
    return length_ms


def span_ms(text: str) -> int:
    """Return the milliseconds of a time. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("must be a time such as 30m, 1h or 2d")
    return int(match[1]) * _UNITS[match[2]]
