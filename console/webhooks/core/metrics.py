"""Which window webhooks and charges are counted in, and what a failure rate is."""

import re
from decimal import Decimal
from typing import Final, NamedTuple

from schemas.instant import HOUR_MS

#: As decimal hours: no finer than a third of a second, so that each is a whole number of milliseconds.
_HOURS: Final = re.compile(r"\d{1,3}(\.\d{1,4})?", re.ASCII)
LEAST_MS: Final = HOUR_MS // 10
MOST_MS: Final = 720 * HOUR_MS
DEFAULT_MS: Final = 24 * HOUR_MS
_DIGITS: Final = 4


class Window(NamedTuple):
    """A span up to now: by whole hours since `whole_ms`, and before that delivery by delivery."""

    from_ms: int
    whole_ms: int
    to_ms: int


def window_ms(text: str) -> int:
    """Return the length of a window of so many decimal hours, such as `0.1` or `24`. Raises ValueError."""
    if not _HOURS.fullmatch(text):
        raise ValueError("must be hours such as 24 or 0.5, with at most four decimals")
    return checked(int(Decimal(text) * HOUR_MS))


def checked(length_ms: int) -> int:
    """Return the length of a window. Raises ValueError where it is too short or too long."""
    if not LEAST_MS <= length_ms <= MOST_MS:
        raise ValueError("must be from 0.1 to 720 hours")
    return length_ms


def hours_of(length_ms: int) -> str:
    """Return the length of a window in decimal hours, rounded down to four decimals."""
    hours = Decimal(length_ms * 10**_DIGITS // HOUR_MS).scaleb(-_DIGITS)
    return f"{hours.normalize():f}"


def window_before(now_ms: int, length_ms: int) -> Window:
    """Return the window of *length_ms* that ends at *now_ms*."""
    from_ms = now_ms - length_ms
    return Window(from_ms, -(-from_ms // HOUR_MS) * HOUR_MS, now_ms)


def failure_rate(failed: int, succeeded: int) -> str | None:
    """Return how many of those that ended have failed, from 0.0000 to 1.0000, rounded half up.

    What is still on its way has not ended. None: none has.
    """
    ended = failed + succeeded
    if not ended:
        return None
    scale = 10**_DIGITS
    whole, rest = divmod((2 * failed * scale + ended) // (2 * ended), scale)
    return f"{whole}.{rest:0{_DIGITS}d}"
