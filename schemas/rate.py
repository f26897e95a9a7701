"""How fast somebody may send: a number of events a second, and how many may come at once."""

from typing import Final

import msgspec

#: Beyond it a limit is a slip of the hand.
MOST: Final = 1_000_000_000


class Rate(msgspec.Struct, frozen=True):
    """In any span of t seconds at most `burst + per_second * t` events, and the rest of one request."""

    #: Events; a request without any counts as one.
    per_second: int
    #: Events that may come at once, after a pause.
    burst: int
