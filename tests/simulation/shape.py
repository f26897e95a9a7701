"""How large a world is, and how its processors are set: drawn from the seed."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import NamedTuple, Self

from processors.usage.observe import Observer
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.version import Build
from schemas.catalog import TopicAdopted
from schemas.horizon import DEFAULT_HORIZON_MS
from schemas.instant import HOUR_MS, SECOND_MS
from schemas.process import PROCESSORS
from schemas.topics import DEFAULT_PREFIX, TOPICS, topic_name
from tests.simulation.broker import identity_of
from tests.simulation.truth import GENERATION


class Shape(NamedTuple):
    """What stays as it is for a whole run."""

    partitions: int
    horizon_ms: int
    #: Of the dedupe table: from one that is sealed all the time to one that never is.
    slots: int

    @classmethod
    def drawn(cls, chance: Random) -> Self:
        """Draw one."""
        return cls(
            chance.randrange(1, 5),
            chance.choice((3 * HOUR_MS, DEFAULT_HORIZON_MS, DEFAULT_HORIZON_MS)),
            chance.choice((64, 1_024, 8_192)),
        )

    @property
    def forgets(self) -> bool:
        """Whether an id may count again within a run."""
        return self.horizon_ms != DEFAULT_HORIZON_MS

    @property
    def adopted(self) -> Mapping[str, TopicAdopted]:
        """Return every topic by its short name, as the catalogue has it."""
        ids = {
            topic.name: identity_of(topic_name(DEFAULT_PREFIX, topic), self.partitions) for topic in TOPICS
        }
        return {
            name: TopicAdopted(name, each.topic_id, GENERATION, self.partitions) for name, each in ids.items()
        }

    def settings(self, instance: str, folder: Path) -> Settings:
        """Return the settings of the processor *instance*, which keeps its files in *folder*."""
        return Settings(
            data=folder,
            instance=instance,
            partitions=self.partitions,
            dedupe_horizon_seconds=self.horizon_ms // SECOND_MS,
            dedupe_table_slots=self.slots,
        )

    def observer(self) -> Observer:
        """Return metrics that nobody reads."""
        return Observer(Metrics(PROCESSORS, Build("", "", "")), "simulation", self.horizon_ms // SECOND_MS)
