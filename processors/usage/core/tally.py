"""What one batch amounted to, for the metrics: plain counters, no clock."""

from dataclasses import dataclass, field
from typing import Final

from schemas.verdict import Fate

#: Once, since going through an enum costs more than counting an event.
_FATES: Final = tuple(Fate)


@dataclass(slots=True)
class Tally:
    """Numbers of one batch of one partition."""

    records: int = 0
    #: Events by fate.
    fates: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(_FATES, 0))
    in_grace: int = 0
    lookups: int = 0
