"""What an archive file is called, and which records go into one."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

from sinks.core.log import Claim


class Sized(Protocol):
    """A record with a known number of rows."""

    @property
    def rows(self) -> int:
        """Rows that it becomes."""


Record = TypeVar("Record", bound=Sized)


class FileName(NamedTuple):
    """Where a stretch of one log is kept.

    The epoch makes the name unique for ever: nobody else writes with it, and its owner writes no
    offset twice.
    """

    stream: str
    generation: int
    partition: int
    first_offset: int
    last_offset: int
    epoch: int

    def __str__(self) -> str:
        """Write it as a path below the archive's root."""
        return (
            f"{self.stream}/generation={self.generation}/partition={self.partition}/"
            f"{self.first_offset:019d}-{self.last_offset:019d}-{self.epoch}.parquet"
        )


def file_name(claim: Claim, first_offset: int, last_offset: int) -> FileName:
    """Return the name for the offsets *first_offset* to *last_offset* of a log that is ours."""
    topic, partition = claim.log
    return FileName(topic, claim.generation, partition, first_offset, last_offset, claim.epoch)


def split(records: Iterable[Record], most_rows: int) -> Iterator[Sequence[Record]]:
    """Yield *records* in runs of at most *most_rows* rows; a record alone may have more."""
    run: list[Record] = []
    rows = 0
    for record in records:
        if run and rows + record.rows > most_rows:
            yield run
            run, rows = [], 0
        run.append(record)
        rows += record.rows
    if run:
        yield run
