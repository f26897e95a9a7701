"""What the doctor asks Kafka."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing

from console.control.core.ground import Existing, Recorded, Wanted, plan
from console.doctor.core.check import Check, good
from console.doctor.core.rules import TopicSeen, lag_checks, topic_checks
from console.watch.core.lag import lag_seconds, seconds_to_loss
from console.watch.groups import read_groups
from console.watch.record_times import Place, RecordTimes
from runtime.broker import Broker
from runtime.group_offsets import GroupOffsets
from runtime.settings import Settings
from schemas.topics import TOPICS, topic_name


def kafka_checks(settings: Settings, recorded: Mapping[str, Recorded]) -> Iterator[Check]:
    """Yield what is seen of brokers, topics and readers. Raises TryAgain.

    *recorded* are the topics that offsets speak of, by short name.
    """
    broker = Broker.of(settings, "doctor")
    names = {topic_name(settings.topic_prefix, topic): topic for topic in TOPICS}
    found = broker.topics(names)
    yield good("kafka", f"{settings.kafka} answers")
    wanted = [Wanted(topic.name, topic.partitions or settings.partitions) for topic in TOPICS]
    existing = {names[name].name: Existing(*identity) for name, identity in found.items()}
    todo = plan(wanted, existing, recorded)
    missing = [f"{topic.name} is not there: `weir topics apply` makes it" for topic in todo.create]
    out_of_step = broker.out_of_step(found)
    seen = [
        TopicSeen(name, names[name].retention_ms, broker.retention_ms(name), out_of_step[name])
        for name in found
    ]
    yield from topic_checks([*todo.findings, *missing], seen)
    if not missing:
        yield from _lag(settings, broker, {each.name: each.retention_ms for each in seen})


def _lag(settings: Settings, broker: Broker, retention: Mapping[str, int | None]) -> list[Check]:
    with closing(GroupOffsets(settings)) as offsets, closing(RecordTimes(settings)) as times:
        readings = read_groups(broker, offsets, settings.topic_prefix)
        oldest = {
            reading: Place((reading.topic, reading.partition), reading.oldest_unread)
            for reading in readings
            if reading.oldest_unread is not None
        }
        appended = times.at(set(oldest.values()))
    now_ms = time.time_ns() // 1_000_000
    found = []
    for reading in readings:
        record_ms = appended.get(oldest[reading]) if reading in oldest else None
        left = seconds_to_loss(reading, record_ms, retention[reading.topic], now_ms)
        found.append((reading, lag_seconds(record_ms, now_ms), left))
    return lag_checks(found)
