"""Bytes on the log that no door has let in."""

import random

from confluent_kafka import Producer

from runtime.kafka import producer_config
from runtime.settings import Settings
from schemas.topics import USAGE, topic_name


def append_raw(settings: Settings, value: bytes, draw: random.Random) -> None:
    """Put *value* on a partition of weir.usage that is drawn."""
    producer = Producer(producer_config(settings, "poison"))
    partition = draw.randrange(settings.partitions)
    producer.produce(topic_name(settings.topic_prefix, USAGE), value, partition=partition)
    assert not producer.flush(30)
