"""Which records of a log go into one file."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol


class Sized(Protocol):
    """A record with a known number of rows."""

    @property
    def offset(self) -> int:
        """Where it stands on its log."""

    @property
    def rows(self) -> int:
        """Rows that it becomes."""


class Columns(Protocol):
    """A table that grows."""

    @property
    def rows(self) -> int:
        """How many rows there are by now."""

    def add(self, record: Any) -> None:  # noqa: ANN401 - each table has records of its own
        """Append the rows of *record*."""


class Run(NamedTuple):
    """The content of one file."""

    first_offset: int
    last_offset: int
    columns: Any


class Runs:
    """The records of one log, one after the other, cut into files of at most so many rows."""

    def __init__(self, first_offset: int, most_rows: int, new_columns: Callable[[], Columns]) -> None:
        """Begin at *first_offset*; *new_columns* makes the table of each file."""
        self._most_rows = most_rows
        self._new_columns = new_columns
        self._closed: list[Run] = []
        self._open = new_columns()
        self._first_offset = first_offset
        self._last_offset = first_offset - 1

    def add(self, record: Sized) -> None:
        """Take the next record; one that has more rows than a file may have is a file by itself."""
        columns = self._open
        if columns.rows and columns.rows + record.rows > self._most_rows:
            self._close()
            columns = self._open = self._new_columns()
        columns.add(record)
        self._last_offset = record.offset

    def end(self) -> list[Run]:
        """Return them all."""
        self._close()
        return self._closed

    def _close(self) -> None:
        if self._open.rows:
            self._closed.append(Run(self._first_offset, self._last_offset, self._open))
            self._first_offset = self._last_offset + 1
