"""Is the ground still where it was? A topic made anew, or a log cut off, is no place to go on."""

from collections.abc import Iterable

from runtime.broker import Broker
from schemas.catalog import Catalog, TopicAdopted
from schemas.errors import Misconfigured
from schemas.ground import check_topic


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
