"""Topics are created once and known by their id from then on."""

import time
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any, Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException

# Public by its documentation, though its __all__ leaves most of the names out.
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from console.control.change import change
from console.control.core.ground import Existing, Plan, Recorded, Wanted, plan
from console.queries import queries
from runtime.broker import QUESTION_SECONDS, Broker
from runtime.kafka import admin_config
from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.catalog import TopicAdopted
from schemas.errors import TryAgain
from schemas.topics import CATALOG, TOPICS, Topic, topic_name

#: The broker answers "created" a moment before it can describe the topic, and that before it leads it.
_USABLE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.05
#: With fewer confirmed copies than this, Kafka refuses a write.
_MIN_IN_SYNC: Final = 2


class Applied(NamedTuple):
    """What was done: topics created, topics recorded with their generation, and what stands in the way."""

    created: tuple[str, ...]
    recorded: tuple[tuple[str, int], ...]
    findings: tuple[str, ...]


def apply_topics(settings: Settings, connection: Connection, *, adopt: bool = False) -> Applied:
    """Make the broker's topics what `schemas.topics` declares, and record their ids. Idempotent.

    Where there are findings, nothing was done. Raises TryAgain.
    """
    admin = AdminClient(admin_config(settings))
    broker = Broker.of(settings)
    declared = {topic.name: topic for topic in TOPICS}
    wanted = [Wanted(topic.name, topic.partitions or settings.partitions) for topic in TOPICS]
    with change(connection) as changed:
        existing = _existing(broker, settings, declared)
        recorded = _recorded(connection)
        todo = plan(wanted, existing, recorded, adopt=adopt)
        if todo.findings:
            return Applied((), (), todo.findings)
        _create(admin, settings, todo, declared)
        _configure(admin, settings, declared.values())
        ids = _wait_for(broker, settings, declared)
        for topic, generation in todo.record:
            fact = TopicAdopted(topic.name, ids[topic.name].topic_id, generation, topic.partitions)
            row = {
                "topic": fact.topic,
                "generation": generation,
                "topic_id": fact.topic_id,
                "partitions": fact.partitions,
            }
            connection.execute(queries(__package__)["generation_add"], row)
            before = recorded.get(topic.name)
            what = "topic.adopted" if before else "topic.recorded"
            changed.record(what, before=before and {"topic": topic.name, **before._asdict()}, after=row)
            changed.tell(fact)
            if topic.name == CATALOG.name:
                changed.tell_everything_again()
    return Applied(
        tuple(topic.name for topic in todo.create),
        tuple((topic.name, generation) for topic, generation in todo.record),
        (),
    )


def _existing(broker: Broker, settings: Settings, names: Iterable[str]) -> dict[str, Existing]:
    by_full_name = {settings.topic_prefix + name: name for name in names}
    found = broker.topics(by_full_name)
    return {by_full_name[full]: Existing(*facts) for full, facts in found.items()}


def _recorded(connection: Connection) -> dict[str, Recorded]:
    rows = connection.execute(queries(__package__)["generations"])
    return {topic: Recorded(topic_id, generation) for topic, generation, topic_id, _ in rows}


def _create(admin: AdminClient, settings: Settings, todo: Plan, declared: dict[str, Topic]) -> None:
    new = [
        NewTopic(
            topic_name(settings.topic_prefix, declared[topic.name]),
            topic.partitions,
            settings.replication,
            config=_config(declared[topic.name], settings),
        )
        for topic in todo.create
    ]
    if new:
        _await(admin.create_topics(new, request_timeout=QUESTION_SECONDS).values())


def _configure(admin: AdminClient, settings: Settings, topics: Iterable[Topic]) -> None:
    resources = [
        ConfigResource(
            ResourceType.TOPIC,
            topic_name(settings.topic_prefix, topic),
            incremental_configs=[
                ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
                for name, value in _config(topic, settings).items()
            ],
        )
        for topic in topics
    ]
    _await(admin.incremental_alter_configs(resources, request_timeout=QUESTION_SECONDS).values())


def _config(topic: Topic, settings: Settings) -> dict[str, str]:
    in_sync = min(_MIN_IN_SYNC, settings.replication)
    return topic.config() | {"min.insync.replicas": str(in_sync)}


def _wait_for(broker: Broker, settings: Settings, declared: dict[str, Topic]) -> dict[str, Existing]:
    """Return all topics once every partition has a leader, so that whoever comes next can use them."""
    deadline = time.monotonic() + _USABLE_SECONDS
    while True:
        found = _existing(broker, settings, declared)
        missing = ", ".join(sorted(declared.keys() - found))
        why = f"{missing} not there" if missing else _not_led(broker, settings, found)
        if not why:
            return found
        if time.monotonic() > deadline:
            raise TryAgain(f"Kafka does not serve the new topics yet ({why}): run the same command again")
        time.sleep(_PAUSE_SECONDS)


def _not_led(broker: Broker, settings: Settings, topics: dict[str, Existing]) -> str:
    try:
        broker.latest(
            (settings.topic_prefix + name, number)
            for name, topic in topics.items()
            for number in range(topic.partitions)
        )
    except TryAgain as error:
        return str(error)
    return ""


def _await(futures: "Iterable[Future[Any]]") -> None:
    for future in futures:
        try:
            future.result(QUESTION_SECONDS + 1)
        except KafkaException as error:
            # Another `topics apply` was quicker: its topic is as good as ours.
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise TryAgain(f"Kafka refused a topic: {error.args[0].str()}") from None
