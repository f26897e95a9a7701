"""When a request goes out again that was not answered."""

from typing import Final

#: Tries of one request, the first included.
MOST_TRIES: Final = 5
_FIRST_MS: Final = 500
_MOST_MS: Final = 30_000
#: Who is told to wait for longer lets go instead, and comes back with the next job.
LONGEST_TOLD_MS: Final = 60_000


def wait_ms(tries: int, share: float, told: str | None) -> int:
    """Return the pause after so many *tries*: full jitter, and never less than Stripe *told* in Retry-After.

    *share* is random, in [0, 1). Full jitter spreads those who failed together best: any moment up to the
    whole of a pause that doubles.
    """
    most = min(_FIRST_MS * 2 ** (tries - 1), _MOST_MS)
    return max(int(most * share), told_ms(told))


def told_ms(told: str | None) -> int:
    """Return what a Retry-After in seconds says; 0 where it is none, or a date: Stripe sends none."""
    return 1_000 * int(told) if told is not None and told.isascii() and told.isdigit() else 0
