"""Whether a topic is the one that offsets, stamps and receipts speak of: a name alone does not say."""

from typing import NamedTuple

from schemas.errors import Misconfigured, TryAgain


class TopicIdentity(NamedTuple):
    """What tells a topic from another one of the same name."""

    topic_id: str
    partitions: int


def check_topic(name: str, found: TopicIdentity | None, recorded: TopicIdentity | None) -> None:
    """Return if the topic *name* that was *found* on the broker is the *recorded* one.

    Raises TryAgain while either is missing, and Misconfigured where waiting cannot help.
    """
    if found is None:
        raise TryAgain(f"Kafka has no topic {name}: waiting for `weir topics apply`")
    if recorded is None:
        raise TryAgain(f"the id of topic {name} is not recorded yet: waiting for `weir topics apply`")
    if found.topic_id != recorded.topic_id:
        raise Misconfigured(
            f"topic {name} was made anew (id {found.topic_id}, not {recorded.topic_id}), so offsets of the "
            "old one mean nothing on it: bring the old one back, or accept the new one with "
            "`weir topics adopt`"
        )
    if found.partitions != recorded.partitions:
        raise Misconfigured(
            f"topic {name} has {found.partitions} partitions, not {recorded.partitions}: their number is "
            "fixed for life"
        )
