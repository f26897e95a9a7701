"""How long to gather: the more batches cost, the longer, so that their fixed price is shared by more."""

from typing import Final

#: Between two batches while they cost next to nothing: what latency may be.
LEAST_SECONDS: Final = 0.01
#: However busy: accepted to committed is to stay below a second.
MOST_SECONDS: Final = 0.2
#: The gap is this many times the CPU time of a batch. A batch writes to every topic of every partition
#: that it touches, whether for one event or for thousands, and broker, sinks and doors pay for it too.
_SHARE: Final = 4
#: What one batch weighs in the moving average: a single dear one does not make those behind it wait, and what
#: gathered under a load is over soon after it.
_WEIGHT_OF_DEARER: Final = 1 / 8
_WEIGHT_OF_CHEAPER: Final = 1 / 2


class Pace:
    """What the fetching and the batching of one agent keep to."""

    def __init__(self) -> None:
        """Begin as if nothing cost anything."""
        self.gap_seconds = LEAST_SECONDS
        self._batch_seconds = 0.0

    def took(self, seconds: float) -> None:
        """Take note of the CPU time of the last batch."""
        dearer_by = seconds - self._batch_seconds
        self._batch_seconds += dearer_by * (_WEIGHT_OF_DEARER if dearer_by > 0 else _WEIGHT_OF_CHEAPER)
        self.gap_seconds = min(max(_SHARE * self._batch_seconds, LEAST_SECONDS), MOST_SECONDS)
