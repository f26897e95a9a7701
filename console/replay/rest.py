"""Whether the mirror is at rest: only then is what it says a function of the log alone.

Its tables are stored as they come, from two topics, and not up to one point of the log as those of usage are.
"""

from collections.abc import Mapping

from console.replay.live import Live
from runtime.broker import Broker
from runtime.settings import Settings
from schemas.stamp import NEVER, stamp_of
from schemas.topics import BILLING, MIRROR, STRIPE, Topic, topic_name


class Resting:
    """Looks at the ends of the logs before and after somebody has looked at the store."""

    def __init__(self, settings: Settings) -> None:
        """Look for the first time. Raises TryAgain."""
        self._settings = settings
        self._broker = Broker.of(settings, "replay")
        #: By partition, where weir.stripe ended.
        self.ends: Mapping[int, int] = self._ends(STRIPE)

    def held(self, live: Live) -> bool:
        """Say whether *live*, seen since then, is all that the log makes, still. Raises TryAgain."""
        generation = live.mirror_ground.generation
        if self._ends(STRIPE) != self.ends or any(
            live.mirror_to.get(number, NEVER) < stamp_of(generation, end - 1)
            for number, end in self.ends.items()
            if end
        ):
            return False
        return all(
            live.mirror_offsets.get((topic.name, number), 0) >= end
            for topic in (MIRROR, BILLING)
            for number, end in self._ends(topic).items()
        )

    def _ends(self, topic: Topic) -> dict[int, int]:
        name = topic_name(self._settings.topic_prefix, topic)
        return self._broker.ends(name, self._settings.partitions)
