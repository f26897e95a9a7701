"""How our confluent-kafka clients are configured: one address, one security, one meaning of durable."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

from confluent_kafka import KafkaError, Message

from runtime import logs
from runtime.kafka_security import security
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.topics import MAX_RECORD_BYTES

#: A broker that comes back is found within this time; librdkafka's own 10 s is too slow for a local stack.
_RECONNECT_MS: Final = 1_000
#: LOG_WARNING: outages and refusals, not each connection.
_LOG_WARNING: Final = 4
#: A consumer whose local queue is full looks again after this time; the library's own 1 s starves it.
_QUEUE_FULL_MS: Final = 20
#: What we call a confirmation that does not say where the record stands.
_NO_OFFSET: Final = "_NO_OFFSET"
#: The topic is not there, or no longer the one that was read.
_START_ANEW: Final = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - its public name
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
        KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001
    }
)


def client_config(settings: Settings, client: str) -> dict[str, Any]:
    """Return what all librdkafka clients share; *client* names this one in logs and on the broker."""
    return {
        "bootstrap.servers": settings.kafka,
        "client.id": f"{settings.instance}-{client}",
        "log_level": _LOG_WARNING,
        "logger": logging.getLogger(logs.KAFKA_LOGGER),
        "reconnect.backoff.max.ms": _RECONNECT_MS,
        "socket.nagle.disable": True,
        **security(settings),
    }


def producer_config(settings: Settings, client: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a producer's settings: confirmed by all replicas, in order, written once; *more* goes first.

    *more* has librdkafka's names with _ for the dot: `linger_ms=0`.
    """
    return client_config(settings, client) | {
        "acks": "all",
        "enable.idempotence": True,
        "compression.type": "zstd",
        "message.max.bytes": MAX_RECORD_BYTES,
        **_dotted(more),
    }


def failure_of(error: KafkaError | None, message: Message) -> str | None:
    """Return Kafka's name of what failed about a produced record; None: it stands on the log.

    librdkafka takes what is behind a record as its confirmation too, even where the broker has refused the
    record itself: one that does not know the producer begins with whatever it is given first. So a record
    without an offset is not confirmed, though it may be there.
    """
    if error is not None:
        return str(error.name())
    return _NO_OFFSET if message.offset() is None else None


def consumer_config(
    settings: Settings,
    client: str,
    group: str,
    *,
    member: str | None = None,
    **more: Any,  # noqa: ANN401
) -> dict[str, Any]:
    """Return a consumer's settings: offsets are never committed behind our back; *more* as above.

    *member* is the static member id: after a SIGKILL the same member has its partitions back in 0.13 s.
    The classic protocol, because the new one (KIP-848) refuses a killed member's id until its session ends.
    """
    static = (
        {"group.instance.id": member, "session.timeout.ms": settings.session_timeout_ms} if member else {}
    )
    return client_config(settings, client) | {
        "group.id": group,
        "group.protocol": "classic",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "allow.auto.create.topics": False,
        "fetch.queue.backoff.ms": _QUEUE_FULL_MS,
        **static,
        **_dotted(more),
    }


def admin_config(settings: Settings, client: str = "admin") -> dict[str, Any]:
    """Return an admin client's settings."""
    # It logs nothing: nobody polls it for its log, and each call has an answer of its own.
    config = client_config(settings, client)
    del config["logger"]
    return config | {"log_level": 0}


def _dotted(more: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("_", "."): value for name, value in more.items()}


def readable(messages: Iterable[Message]) -> list[Message]:
    """Return the records among *messages*. Raises TryAgain where the topic is gone, or another one.

    A reader without a group then begins anew. All else librdkafka mends by itself.
    """
    records = []
    for message in messages:
        error = message.error()
        if error is None:
            records.append(message)
        elif error.code() in _START_ANEW:
            raise TryAgain(f"{message.topic()} cannot be read: {error.str()}")
    return records
