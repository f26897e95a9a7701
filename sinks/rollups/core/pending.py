"""Rows wait for the progress record that covers them.

The processor writes a partition's rows before the progress that makes them true. Rows beyond it
may stand on the log already: storing them would show a state that no point of the log has.
"""

from collections.abc import Iterable

from schemas.stamp import NEVER
from sinks.rollups.core.row import Row


class Pending:
    """The rows of one partition that no progress covers yet."""

    def __init__(self, next_offset: int) -> None:
        """Start where everything below *next_offset* is stored."""
        self._waiting: list[Row] = []
        self._ready: list[Row] = []
        self._after_last = next_offset
        self._oldest = next_offset
        self._covered = NEVER

    def cover(self, stamp: int) -> None:
        """Take a progress record: every row up to *stamp* stands before it on the log."""
        if stamp > self._covered:
            self._covered = stamp
            self._ready += [row for row in self._waiting if row.stamp <= stamp]
            self._wait([row for row in self._waiting if row.stamp > stamp])

    def add(self, rows: Iterable[Row], next_offset: int) -> None:
        """Take rows, those of one key in the order of the log, which has been read up to *next_offset*."""
        covered = self._covered
        waiting: list[Row] = []
        for row in rows:
            (self._ready if row.stamp <= covered else waiting).append(row)
        if self._waiting:
            self._waiting += waiting
        else:
            self._wait(waiting)
        self._after_last = next_offset

    def release(self) -> list[Row]:
        """Return the rows that a progress covers; of those with one key and stamp the last is last."""
        ready, self._ready = self._ready, []
        return ready

    @property
    def next_offset(self) -> int:
        """Return the offset from which a successor has to read: of the oldest row that waits."""
        return self._oldest if self._waiting else self._after_last

    def __len__(self) -> int:
        return len(self._waiting)

    def _wait(self, rows: list[Row]) -> None:
        self._waiting = rows
        self._oldest = min((row.record.offset for row in rows), default=self._after_last)


class Newest:
    """The last state of each key. A state with a lower stamp is older, wherever it stands on the log."""

    def __init__(self) -> None:
        self._rows: dict[bytes, Row] = {}

    def add(self, rows: Iterable[Row]) -> None:
        """Take rows, those of one key in the order of the log: of two with one stamp the later one stays."""
        known = self._rows
        for row in rows:
            key = row.record.key
            before = known.get(key)
            if before is None or row.stamp >= before.stamp:
                known[key] = row

    def take(self) -> list[Row]:
        """Return them all, and hold nothing any more."""
        rows = list(self._rows.values())
        self._rows.clear()
        return rows

    def __len__(self) -> int:
        return len(self._rows)
