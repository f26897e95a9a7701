"""What the log has behind the archive."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from confluent_kafka import Message

from processors.stream.core.records import SourceRecord
from runtime.broker import Broker, Partition
from runtime.log_reader import read
from runtime.settings import Settings
from schemas.source_record import header_map

_CHUNK: Final = 1_000


def tail(
    settings: Settings, broker: Broker, where: Partition, start: int, end: int | None = None
) -> Iterator[Message]:
    """Yield the records of one partition from *start* up to *end*, as far as the log has them.

    None: up to where the log ends now. Raises TryAgain.
    """
    first, last = broker.earliest([where])[where], broker.latest([where])[where]
    return read(
        settings, "replay", {where: max(start, first)}, {where: last if end is None else min(end, last)}
    )


def source_records(messages: Iterable[Message]) -> Iterator[list[SourceRecord]]:
    """Yield *messages* as a processor takes them, some at a time; an empty list where there are none."""
    waiting: list[SourceRecord] = []
    for message in messages:
        headers: Any = message.headers()
        waiting.append(
            SourceRecord(
                message.offset() or 0, message.timestamp()[1], message.value() or b"", header_map(headers)
            )
        )
        if len(waiting) >= _CHUNK:
            yield waiting
            waiting = []
    yield waiting
