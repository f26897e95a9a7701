"""How long a sink waits for more before it stores what it has."""

from typing import Final

#: Of the wait for the next batch, when the last one was quick: storing takes a fifth of the time then. A
#: transaction costs sink and store 4 ms before its first row.
_WAITS_PER_TOOK: Final = 4


def wait_s(interval_s: float, last_took_s: float) -> float:
    """Return *interval_s*, less when storing is quick: the last batch took *last_took_s*."""
    return min(interval_s, _WAITS_PER_TOOK * last_took_s)
