"""Every record of `weir.stripe` that there is: those of the archive, then what the log has behind them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from console.books.core.manifest import ArchiveFile
from console.replay.archive import read_file
from console.replay.log_tail import source_records, tail
from processors.stream.core.records import SourceRecord
from runtime.broker import Broker
from runtime.settings import Settings
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
    topic, broker = topic_name(settings.topic_prefix, STRIPE), Broker.of(settings, "replay")
    for partition, end in ends.items():
        messages = tail(settings, broker, (topic, partition), archived_to.get(partition, 0), end)
        for records in source_records(messages):
            yield Piece(generation, partition, records)


def _record(row: Mapping[str, Any]) -> SourceRecord:
    envelope = Envelope(row["tenant"], row["received_at_ms"], Origin(row["origin"]))
    headers = headers_of(envelope, row["api_version"])
    found = {name: value for name, value in headers if isinstance(value, bytes)}
    return SourceRecord(row["offset"], row["recorded_at_ms"], row["payload"], found)
