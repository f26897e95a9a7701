"""What Kafka says of our consumer groups, asked from the side: a dead consumer is seen too."""

from typing import Final

from console.watch.core.lag import Reading
from runtime.broker import Broker, Partition
from runtime.group_offsets import GroupOffsets
from schemas.topics import (
    BILLING,
    DEAD_LETTERS,
    DOOR,
    MIRROR,
    ROLLUPS,
    STRIPE,
    USAGE,
    VERDICTS,
    Topic,
    topic_name,
)

#: Who reads what, by the group's name behind the prefix. A group that never started is listed as well.
GROUPS: Final[dict[str, tuple[Topic, ...]]] = {
    "usage-processor": (USAGE,),
    "billing-processor": (STRIPE,),
    "sink-rollups": (ROLLUPS,),
    "sink-archive": (USAGE, VERDICTS, STRIPE),
    "sink-dead-letters": (DEAD_LETTERS,),
    "sink-door": (DOOR,),
    "sink-stripe": (STRIPE,),
    "sink-mirror": (MIRROR, BILLING),
}


def read_topics(prefix: str) -> tuple[str, ...]:
    """Return the full names of the topics that have a reader, each once."""
    return tuple(dict.fromkeys(topic_name(prefix, topic) for topics in GROUPS.values() for topic in topics))


def read_groups(broker: Broker, offsets: GroupOffsets, prefix: str) -> list[Reading]:
    """Return every partition of every group; a topic that does not exist has none. Raises TryAgain."""
    facts = broker.topics(read_topics(prefix))
    partitions = [(topic, number) for topic, fact in facts.items() for number in range(fact.partitions)]
    # Committed before the ends: a consumer that moves on meanwhile shows a little lag, never a negative one.
    committed = {group: _committed(offsets, prefix, group, partitions) for group in GROUPS}
    begins, ends = broker.earliest(partitions), broker.latest(partitions)
    return [
        Reading(prefix + group, *partition, begins[partition], ends[partition], next_offset)
        for group, positions in committed.items()
        for partition, next_offset in positions.items()
    ]


def _committed(
    offsets: GroupOffsets, prefix: str, group: str, partitions: list[Partition]
) -> dict[Partition, int | None]:
    mine = {topic_name(prefix, topic) for topic in GROUPS[group]}
    wanted = [partition for partition in partitions if partition[0] in mine]
    return offsets.committed(prefix + group, wanted) if wanted else {}
