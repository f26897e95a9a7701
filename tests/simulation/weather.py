"""What nobody does and everybody has to live with: time, clocks, compaction, an operator's hand."""

from dataclasses import dataclass
from random import Random
from typing import Final

from processors.usage.state import Outputs
from schemas.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tests.simulation.broker import Broker
from tests.simulation.catalogue import Catalogue
from tests.simulation.clock import Clock
from tests.simulation.ghosts import Ghosts
from tests.simulation.group import Group
from tests.simulation.scheduler import Action
from tests.simulation.store import Database

#: What is under way is lost in longer spans than this.
_CONNECTION_MS: Final = MINUTE_MS
#: What Kafka leaves alone, and more than sinks are ever behind.
_COMPACTION_LAG_MS: Final = DAY_MS
_STEPS_BACK_MS: Final = (0, SECOND_MS, 20 * MINUTE_MS)


@dataclass(frozen=True, slots=True)
class Weather:
    """It happens to all of them at once."""

    chance: Random
    clock: Clock
    catalogue: Catalogue
    broker: Broker
    outputs: Outputs
    partitions: int
    database: Database
    processors: Group
    sinks: Group
    ghosts: Ghosts

    def actions(self) -> list[Action]:
        chance = self.chance
        return [
            Action("a moment passes", 2, lambda: self._pass(chance.randrange(SECOND_MS // 4))),
            Action("minutes pass", 0.07, lambda: self._pass(chance.randrange(40 * MINUTE_MS))),
            Action("hours pass", 0.07, lambda: self._pass(chance.randrange(HOUR_MS, 14 * HOUR_MS))),
            Action("broker's clock is set back", 0.05, self._set_back),
            Action("processors rebalance", 0.5, self.processors.rebalance),
            Action("sinks rebalance", 0.4, self.sinks.rebalance),
            Action("offsets are set back", 0.1, self._rewind),
            Action("compaction", 0.2, self._compact),
        ]

    def _pass(self, span_ms: int) -> str:
        self.catalogue.pass_time(span_ms)
        self.clock.forward(span_ms)
        if span_ms > _CONNECTION_MS:
            self.ghosts.lose()
        return f"{span_ms} ms"

    def _set_back(self) -> str:
        self.clock.behind_ms = self.chance.choice(_STEPS_BACK_MS)
        return f"by {self.clock.behind_ms} ms"

    def _rewind(self) -> str:
        """An operator has a sink read again, which it notices when it is assigned anew."""
        partition = self.chance.randrange(self.partitions)
        offset = self.chance.randrange(self.broker.end((self.outputs.rollups, partition)) + 1)
        self.database.rewind(partition, offset)
        self.sinks.rebalance()
        return f"rollups/{partition} to {offset}"

    def _compact(self) -> str:
        partition = self.chance.randrange(self.partitions)
        rollups, quotas = (self.outputs.rollups, partition), (self.outputs.quotas, partition)
        # Nobody but processors reads quotas.
        ends = {rollups: self.database.next_offset(partition), quotas: self.broker.end(quotas)}
        where = self.chance.choice([rollups, quotas])
        gone = self.broker.compact(where, self.clock.now_ms - _COMPACTION_LAG_MS, ends[where])
        return f"{where[0]}/{where[1]}: {gone} records"
