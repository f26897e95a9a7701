"""Rows wait for the progress record that covers them.

The processor writes a partition's rows before the progress that makes them true. Rows beyond it
may stand on the log already: storing them would show a state that no point of the log has.
"""

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

from schemas.stamp import NEVER

Content = TypeVar("Content")


class Arrived(NamedTuple, Generic[Content]):
    """One row as it came from the log."""

    stamp: int
    #: Offset of its record on `weir.rollups`.
    offset: int
    #: Two rows with one key are two states of one thing.
    key: bytes
    content: Content


class Pending(Generic[Content]):
    """The rows of one partition that no progress covers yet."""

    def __init__(self, next_offset: int) -> None:
        """Start where everything below *next_offset* is stored."""
        self._waiting: list[Arrived[Content]] = []
        self._after_last = next_offset
        self._covered = NEVER

    def add(self, row: Arrived[Content]) -> None:
        """Take a row, in the order of the log."""
        self._waiting.append(row)

    def cover(self, stamp: int) -> None:
        """Take a progress record: every row up to *stamp* has been taken before it."""
        self._covered = max(self._covered, stamp)

    def read_to(self, next_offset: int) -> None:
        """Say that the log has been read up to *next_offset*."""
        self._after_last = next_offset

    def release(self) -> Iterable[Arrived[Content]]:
        """Return the rows that a progress covers, in the order of the log, and keep the others."""
        covered = self._covered
        ready = [row for row in self._waiting if row.stamp <= covered]
        if ready:
            self._waiting = [row for row in self._waiting if row.stamp > covered]
        return ready

    @property
    def next_offset(self) -> int:
        """Return the offset from which a successor has to read: of the oldest row that waits."""
        return self._waiting[0].offset if self._waiting else self._after_last

    def __len__(self) -> int:
        return len(self._waiting)


class Newest(Generic[Content]):
    """The last state of each key. A state with a lower stamp is older, wherever it stands on the log."""

    def __init__(self) -> None:
        self._rows: dict[bytes, Arrived[Content]] = {}

    def add(self, rows: Iterable[Arrived[Content]]) -> None:
        """Take rows in the order of the log; of two with one stamp the later one stays."""
        known = self._rows
        for row in rows:
            before = known.get(row.key)
            if before is None or row.stamp >= before.stamp:
                known[row.key] = row

    def take(self) -> list[Arrived[Content]]:
        """Return them all, and hold nothing any more."""
        rows = list(self._rows.values())
        self._rows.clear()
        return rows

    def __len__(self) -> int:
        return len(self._rows)
