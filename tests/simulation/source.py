"""`weir.usage`: whoever appends to it tells the truth what was meant."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from schemas.catalog import Catalog
from tests.simulation.broker import Broker
from tests.simulation.clock import Clock
from tests.simulation.scheduler import Action
from tests.simulation.truth import Events, Truth
from tests.unit.processors.usage.model import Unreadable

_GARBAGE: Final = (b"\0", b"", b"{}", b"\x9c\x01")


class Source:
    """The topic that everything begins with."""

    def __init__(
        self,
        topic: str,
        broker: Broker,
        clock: Clock,
        truths: Sequence[Truth],
        catalog: Callable[[], Catalog],
    ) -> None:
        self.topic = topic
        self.partitions = len(truths)
        self._broker = broker
        self._clock = clock
        self._truths = truths
        self._catalog = catalog

    def append(self, partition: int, value: bytes, events: Events) -> int:
        """Append a record, and return its offset."""
        at_ms = self._clock.broker_ms
        offset = self._broker.append((self.topic, partition), b"", value, at_ms)
        self._truths[partition].append(offset, at_ms, events, self._catalog())
        return offset

    def garbage(self, chance: Random) -> Action:
        """Return the action of somebody with credentials who writes what nobody can read."""

        def write() -> str:
            partition = chance.randrange(self.partitions)
            self.append(partition, chance.choice(_GARBAGE), Unreadable())
            return f"on {partition}"

        return Action("garbage", 0.2, write)
