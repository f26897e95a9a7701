"""Is the ground still where it was? A topic made anew, or a log cut off, is no place to go on."""

from collections.abc import Iterable

from runtime.broker import Broker
from schemas.catalog import Catalog, TopicAdopted
from schemas.errors import Misconfigured, TryAgain


def check_topics(
    broker: Broker, catalog: Catalog, prefix: str, names: Iterable[str]
) -> dict[str, TopicAdopted]:
    """Return the adopted topics *names* (short), after holding them against the broker's.

    Raises Misconfigured if the broker has another topic of that name, and TryAgain while a topic
    is missing or nobody has recorded its id yet.
    """
    adopted = {}
    found = broker.topics(prefix + name for name in names)
    for name in names:
        full_name = prefix + name
        known, facts = catalog.topics.get(name), found.get(full_name)
        if known is None or facts is None:
            missing = "is not on the broker" if facts is None else "has no recorded id"
            message = f"topic {full_name} {missing}: run `weir topics apply`"
            raise TryAgain(message)
        if facts.topic_id != known.topic_id:
            message = (
                f"topic {full_name} was made anew (id {facts.topic_id}, recorded {known.topic_id}): "
                "offsets of the old one mean nothing in it; `weir topics adopt` accepts it"
            )
            raise Misconfigured(message)
        if facts.partitions != known.partitions:
            message = (
                f"topic {full_name} has {facts.partitions} partitions, recorded {known.partitions}: "
                "their number is fixed for life"
            )
            raise Misconfigured(message)
        adopted[name] = known
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
