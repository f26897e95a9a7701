"""What has to happen to topics, and what must not happen unasked: the ground under offsets may not move."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Wanted(NamedTuple):
    """A topic as it is declared."""

    #: Short name, such as usage.
    name: str
    partitions: int


class Existing(NamedTuple):
    """A topic as the broker has it."""

    topic_id: str
    partitions: int


class Recorded(NamedTuple):
    """The topic that offsets and stamps speak of since it was last adopted."""

    topic_id: str
    generation: int


class Plan(NamedTuple):
    """What to do, in this order; nothing at all if there are findings."""

    #: Topics to create.
    create: tuple[Wanted, ...]
    #: Topics to record, each with its new generation.
    record: tuple[tuple[Wanted, int], ...]
    findings: tuple[str, ...]


def plan(
    wanted: Iterable[Wanted],
    existing: Mapping[str, Existing],
    recorded: Mapping[str, Recorded],
    *,
    adopt: bool = False,
) -> Plan:
    """Compare declared, existing and recorded topics; *adopt* allows to accept one that was made anew."""
    create: list[Wanted] = []
    record: list[tuple[Wanted, int]] = []
    findings: list[str] = []
    for topic in wanted:
        there, known = existing.get(topic.name), recorded.get(topic.name)
        if there is not None and there.partitions != topic.partitions:
            findings.append(
                f"{topic.name} has {there.partitions} partitions instead of {topic.partitions}: "
                "the number is fixed for life; set WEIR_PARTITIONS to it, or make the topic anew"
            )
        elif known is None or adopt:
            if there is None:
                create.append(topic)
            if known is None or there is None or there.topic_id != known.topic_id:
                record.append((topic, known.generation + 1 if known else 1))
        elif there is None:
            findings.append(
                f"{topic.name} is gone from the broker: if that was meant, `weir topics adopt` makes it anew"
            )
        elif there.topic_id != known.topic_id:
            findings.append(
                f"{topic.name} was made anew behind our back (id {there.topic_id}, was {known.topic_id}): "
                "offsets start anew; `weir topics adopt` accepts it as a new generation"
            )
    return Plan(tuple(create), tuple(record), tuple(findings))
