"""What a load brings: states, and where the changelogs ended that they were read from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from processors.stream.writer import Fence
from runtime.broker import Partition

S_co = TypeVar("S_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[S_co]):
    """States by partition."""

    states: Mapping[int, S_co]
    #: Whatever comes behind was not read, so nobody may append there but us.
    ends: Mapping[Partition, int]

    def behind(self, fence: Fence) -> Mapping[int, S_co]:
        """Return the states; from now on *fence* expects to append behind what was read."""
        for where, end in self.ends.items():
            fence.expect(*where, end)
        return self.states
