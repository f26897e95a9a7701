"""Is the ground still where it was? A topic made anew, or a log cut off, is no place to go on."""

from collections.abc import Iterable
from typing import Protocol

from runtime.broker import Broker, Partition
from schemas.catalog import Catalog, TopicAdopted
from schemas.errors import Misconfigured
from schemas.ground import check_topic
from schemas.rollup import Progress
from schemas.stamp import generation_of, offset_of


class Extents(Protocol):
    """Knows where logs begin and end, as `runtime.broker.Broker` does. Raises TryAgain."""

    def earliest(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return the first offset of each."""

    def latest(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return the offset that each one's next record will get."""


def check_topics(
    broker: Broker, catalog: Catalog, prefix: str, names: Iterable[str]
) -> dict[str, TopicAdopted]:
    """Return the adopted topics *names* (short), after holding them against the broker's.

    Raises Misconfigured if the broker has another topic of that name, and TryAgain while a topic
    is missing or nobody has recorded its id yet.
    """
    adopted = {name: catalog.topics[name] for name in names if name in catalog.topics}
    found = broker.topics(prefix + name for name in names)
    for name in names:
        known = adopted.get(name)
        check_topic(prefix + name, found.get(prefix + name), known.identity if known else None)
    return adopted


def check_end(topic: str, partition: int, next_offset: int, end: int) -> None:
    """Raise Misconfigured if the log ends below what was read of it."""
    if end < next_offset:
        message = (
            f"{topic}/{partition} ends at {end}, below {next_offset}, up to where it was read: "
            "records that were counted are gone; if that is known, `weir topics adopt` starts a "
            "new generation"
        )
        raise Misconfigured(message)


def read_on(
    broker: Extents, topic: str, partition: int, progress: Progress | None, generation: int
) -> tuple[int, int]:
    """Return which offset is due, by *progress* in the topic's *generation*, and the first that is there.

    Where the second is the higher one, retention took what lies between before it was read.
    Raises TryAgain, and Misconfigured where the log ends below what was read of it.
    """
    where = topic, partition
    first, end = broker.earliest([where])[where], broker.latest([where])[where]
    is_ours = progress is not None and generation_of(progress.stamp) == generation
    due = offset_of(progress.stamp) + 1 if progress is not None and is_ours else 0
    check_end(topic, partition, due, end)
    return due, first
