"""How long to wait before the next try: doubling from a short pause to a bearable one."""

from collections.abc import Iterator
from typing import Final

FIRST_SECONDS: Final = 0.1
MOST_SECONDS: Final = 5.0


def delays(first: float = FIRST_SECONDS, most: float = MOST_SECONDS) -> Iterator[float]:
    """Yield *first*, then twice as much each time, up to *most* for ever."""
    delay = first
    while True:
        yield delay
        delay = min(2 * delay, most)
