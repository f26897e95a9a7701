"""Whether the topic under our feet is the one that offsets and receipts speak of."""

from schemas.catalog import TopicAdopted
from schemas.errors import Misconfigured


def ground_fault(
    topic: str, found: tuple[str, int] | None, adopted: TopicAdopted | None, partitions: int
) -> str | None:
    """Return what is still missing, or None if *topic* is as it has to be.

    *found* is the broker's (topic id, partitions). Raises Misconfigured where waiting cannot help.
    """
    if found is None:
        return f"topic {topic} does not exist: run `weir topics apply`"
    topic_id, count = found
    if count != partitions:
        raise Misconfigured(
            f"topic {topic} has {count} partitions, WEIR_PARTITIONS says {partitions}: "
            "the number is fixed for life, set WEIR_PARTITIONS to it"
        )
    if adopted is None:
        return f"weir.catalog does not name the id of topic {topic} yet: run `weir topics apply`"
    if (adopted.topic_id, adopted.partitions) != (topic_id, count):
        raise Misconfigured(
            f"topic {topic} was made anew (id {topic_id}, {count} partitions; known are {adopted.topic_id}, "
            f"{adopted.partitions}): if that was meant, run `weir topics adopt`"
        )
    return None
