"""From when on a version of the catalogue holds. It is event time, and always on a full hour."""

from typing import Final

from schemas.errors import Reject
from schemas.instant import HOUR_MS, MINUTE_MS, format_instant

#: Every reader has a version long before the first event that it decides about.
LEAD_MS: Final = 10 * MINUTE_MS


def first_possible(now_ms: int) -> int:
    """Return the first full hour at least ten minutes ahead."""
    return -(-(now_ms + LEAD_MS) // HOUR_MS) * HOUR_MS


def effective_from(wanted_ms: int | None, *, first: bool, now_ms: int, newest_ms: int) -> int:
    """Return when the next version takes effect; the first one holds for all time.

    *newest_ms* is when the version before it does. Raises Reject if *wanted_ms* cannot be.
    """
    if first:
        if wanted_ms not in {None, 0}:
            raise Reject("the first catalogue holds from the beginning: leave out the time")
        return 0
    earliest_ms = max(first_possible(now_ms), newest_ms)
    if wanted_ms is None:
        return earliest_ms
    if wanted_ms % HOUR_MS:
        raise Reject(f"{format_instant(wanted_ms)} is not on a full hour: usage is kept by hours")
    if wanted_ms < earliest_ms:
        raise Reject(
            f"{format_instant(wanted_ms)} is too early: "
            f"the first possible hour is {format_instant(earliest_ms)}"
        )
    return wanted_ms
