"""The live rows of a partition on disk: a cache of `weir.rollups`, safe to delete.

The log keeps each row's history for a day before it is compacted. A start that had to read all of
it would take the longer the more there was to count; with this file it reads what came since.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from xxhash import xxh3_64_digest

from processors.usage.replacing import replacing
from runtime import logs

#: A file is due after so many records on the log, or twice the rows that it holds: writing it
#: then costs half a row for each record.
LEAST_RECORDS: Final = 2_000
RECORDS_A_ROW: Final = 2
_CHECKSUM_BYTES: Final = 8

log = logs.get_logger(__name__)


Rows = list[tuple[bytes, bytes]]


class _File(msgspec.Struct, frozen=True, array_like=True):
    #: Topic id of weir.rollups, and the source topic's generation: rows of other logs are worthless.
    topic_id: str
    generation: int
    #: Every record of weir.rollups before this offset is in the rows.
    covered: int
    rows: Rows


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_File).decode


class RowStore:
    """The file of one partition."""

    def __init__(self, path: Path, topic_id: str, generation: int) -> None:
        """Use *path*, which may not exist yet, for rows of this topic id and generation."""
        self._path = path
        self._topic_id = topic_id
        self._generation = generation

    def read(self) -> tuple[int, Rows]:
        """Return from which offset on the log has to be read, and the records that stand for all before."""
        try:
            found = _checked(self._path.read_bytes())
        except FileNotFoundError:
            return 0, []
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            log.warning("row_store.ignored", path=str(self._path), reason=str(error))
            return 0, []
        if (found.topic_id, found.generation) != (self._topic_id, self._generation):
            return 0, []
        return found.covered, found.rows

    def write(self, covered: int, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Replace the file, in one step; an error is logged, since nothing rests on the file."""
        body = _encode(_File(self._topic_id, self._generation, covered, list(records)))
        try:
            with replacing(self._path) as file:
                file.write(xxh3_64_digest(body) + body)
        except OSError as error:
            log.warning("row_store.not_written", path=str(self._path), reason=str(error))


def _checked(content: bytes) -> _File:
    checksum, body = content[:_CHECKSUM_BYTES], content[_CHECKSUM_BYTES:]
    if checksum != xxh3_64_digest(body):
        raise ValueError("its checksum is wrong")
    return _decode(body)
