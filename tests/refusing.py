"""A broker that takes no record for one topic, and all others: a crash of its writer at that very step."""

from collections.abc import Iterator
from contextlib import contextmanager

# Public by its documentation, though its __all__ leaves most of the names out.
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from runtime.kafka import admin_config
from runtime.settings import Settings
from schemas.topics import MAX_RECORD_BYTES, Topic, topic_name


@contextmanager
def refused(settings: Settings, topic: Topic) -> Iterator[None]:
    """Have every record for *topic* be larger than what the broker takes, for as long as the block."""
    _limit(settings, topic, 1)
    try:
        yield
    finally:
        _limit(settings, topic, MAX_RECORD_BYTES)


def _limit(settings: Settings, topic: Topic, most_bytes: int) -> None:
    entry = ConfigEntry("max.message.bytes", str(most_bytes), incremental_operation=AlterConfigOpType.SET)
    name = topic_name(settings.topic_prefix, topic)
    resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[entry])
    admin = AdminClient(admin_config(settings))
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(30)
