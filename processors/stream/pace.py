"""How long to gather: the more a batch costs, the longer, so that its fixed price is shared by more."""

from typing import Final

#: Between two batches while they cost next to nothing: what latency may be.
LEAST_SECONDS: Final = 0.01
#: However busy: accepted to committed is to stay below a second.
MOST_SECONDS: Final = 0.2
#: The gap is this many times the CPU time of the last batch. A batch writes to every topic of every
#: partition that it touches, whether for one event or for thousands.
_SHARE: Final = 2


class Pace:
    """What the fetching and the batching of one agent keep to."""

    def __init__(self) -> None:
        """Begin as if nothing cost anything."""
        self.gap_seconds = LEAST_SECONDS

    def took(self, seconds: float) -> None:
        """Take note of the CPU time of the last batch."""
        self.gap_seconds = min(max(_SHARE * seconds, LEAST_SECONDS), MOST_SECONDS)
