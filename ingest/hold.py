"""Keeps a refusal back for a moment."""

import asyncio
from itertools import count
from typing import Final

#: How long at least, and up to twice as long. Whoever is told to come back in a second at the earliest loses
#: nothing.
HOLD_SECONDS: Final = 0.05
#: Each is held by this part longer than the one before, around the circle: those who come together go apart,
#: else their next bodies come together too, and whoever comes just then waits for all of them.
_APART: Final = 0.618
#: At once, since what comes of their bodies meanwhile is in memory, up to 512 KiB each. Others do not wait.
MOST_HELD: Final = 100


class Hold:
    """Slows down who asks again at once: a few connections could else take all of the door's time.

    What comes of the refused body meanwhile is read and dropped, so that its connection can be kept.
    """

    def __init__(self, seconds: float = HOLD_SECONDS, most: int = MOST_HELD) -> None:
        """Hold each for *seconds*, and *most* of them at once."""
        self._seconds = seconds
        self._room = most
        self._numbers = count()

    async def wait(self) -> None:
        """Return after a while, or at once if too many wait already."""
        if not self._room:
            return
        self._room -= 1
        try:
            await asyncio.sleep(self._seconds * (1 + next(self._numbers) * _APART % 1))
        finally:
            self._room += 1
