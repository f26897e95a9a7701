"""Keeps a refusal back for a moment."""

import asyncio
from typing import Final

#: How long. Whoever is told to come back in a second at the earliest loses nothing.
HOLD_SECONDS: Final = 0.05
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

    async def wait(self) -> None:
        """Return after a while, or at once if too many wait already."""
        if not self._room:
            return
        self._room -= 1
        try:
            await asyncio.sleep(self._seconds)
        finally:
            self._room += 1
