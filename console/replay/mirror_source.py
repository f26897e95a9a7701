"""Every record of `weir.stripe` that there is: those of the archive, then what the log has behind them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from console.replay.archive import ArchiveFile, read_file
from processors.stream.core.records import SourceRecord
from runtime.broker import Broker
from runtime.log_reader import read
from runtime.settings import Settings
from schemas.source_record import header_map
from schemas.topics import STRIPE, topic_name
from schemas.webhook import Envelope, Origin, headers_of

_COLUMNS: Final = (
    "tenant",
    "received_at_ms",
    "origin",
    "api_version",
    "recorded_at_ms",
    "offset",
    "payload",
    "unreadable",
)
_CHUNK: Final = 1_000


class Piece(NamedTuple):
    """Records of one partition, in their order."""

    generation: int
    partition: int
    records: Sequence[SourceRecord]


def archived(settings: Settings, files: Sequence[ArchiveFile]) -> Iterator[Piece]:
    """Yield what *files* hold. Raises TryAgain."""
    for file in files:
        rows = read_file(settings, file, _COLUMNS).sort_by("offset").to_pylist()
        yield Piece(file.generation, file.partition, [_record(row) for row in rows if not row["unreadable"]])


def logged(
    settings: Settings, generation: int, archived_to: Mapping[int, int], ends: Mapping[int, int]
) -> Iterator[Piece]:
    """Yield what the log holds behind what is archived, up to *ends*, by partition. Raises TryAgain."""
    topic = topic_name(settings.topic_prefix, STRIPE)
    earliest = Broker.of(settings, "replay").earliest((topic, number) for number in ends)
    starts = {where: max(first, archived_to.get(where[1], 0)) for where, first in earliest.items()}
    waiting: dict[int, list[SourceRecord]] = {}
    for message in read(settings, "replay", starts, {(topic, number): end for number, end in ends.items()}):
        partition = message.partition() or 0
        records = waiting.setdefault(partition, [])
        records.append(
            SourceRecord(
                message.offset() or 0,
                message.timestamp()[1],
                message.value() or b"",
                header_map(message.headers()),  # type: ignore[arg-type] # of our own writers
            )
        )
        if len(records) >= _CHUNK:
            yield Piece(generation, partition, waiting.pop(partition))
    for partition, records in sorted(waiting.items()):
        yield Piece(generation, partition, records)


def _record(row: Mapping[str, Any]) -> SourceRecord:
    envelope = Envelope(row["tenant"], row["received_at_ms"], Origin(row["origin"]))
    headers = headers_of(envelope, row["api_version"])
    found = {name: value for name, value in headers if isinstance(value, bytes)}
    return SourceRecord(row["offset"], row["recorded_at_ms"], row["payload"], found)
