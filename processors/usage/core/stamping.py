"""Marking rows as changed by a source record: each record goes into each of its rows once.

Rows become durable before the progress does. After a crash some of them hold records that come
again; their stamps tell.
"""

from collections.abc import Sequence
from typing import Any, Protocol, Self, TypeVar, cast

from processors.usage.core.pages import PagedRow, PageRow, ReplayedRow


class LiveRow(Protocol):
    """A row that is counted up."""

    stamp: int
    dirty: bool

    def stand_in(self) -> Self:
        """Return a row of the same key that nobody will read."""


class Table(Protocol):
    """Where rows live."""

    #: Up to there a row may hold a record already.
    restored_up_to: int

    def touch(self, row: Any, /) -> None:  # noqa: ANN401 -- each table takes its own
        """Have *row* written down."""


Row = TypeVar("Row", bound=LiveRow)


class Stamping(Protocol):
    """Opens rows for the events of one record."""

    def open(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return the rows to count into, in order; all of *rows* will be written down."""


class FirstPass:
    """For a record that is in no row yet."""

    def __init__(self, table: Table, stamp: int) -> None:
        """Mark rows of *table* with the record's *stamp*."""
        self._table = table
        self._stamp = stamp

    def open(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Stamp *rows*, and return them."""
        for row in rows:
            row.stamp = self._stamp
            if not row.dirty:
                self._table.touch(row)
        return rows


class Replay:
    """For a record that may be in some of its rows already."""

    def __init__(self, table: Table, stamp: int) -> None:
        """Hold rows of *table* against the record's *stamp*."""
        self._table = table
        self._stamp = stamp
        self._opened: set[LiveRow | PageRow] = set()

    def open(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return a stand-in, which nobody reads, for each row that holds the record.

        The row itself is written down again unchanged, since nobody knows whether it was before.
        """
        for row in rows:
            self._table.touch(row)
        return [self._stand_in(row) for row in rows]

    def _stand_in(self, row: Row) -> Row:
        is_open = self._is_open(row)
        if isinstance(row, PagedRow):
            # Its pages became durable apart from it: each of them has its own stamp.
            return cast("Row", ReplayedRow(row, is_open=is_open, may_add=self._may_add))
        return row if is_open else row.stand_in()

    def _may_add(self, page: PageRow) -> bool:
        self._table.touch(page)
        return self._is_open(page)

    def _is_open(self, row: LiveRow | PageRow) -> bool:
        if row.stamp < self._stamp:
            row.stamp = self._stamp
            self._opened.add(row)
        return row in self._opened


def stamping(table: Table, stamp: int) -> Stamping:
    """Return how the record of *stamp* marks rows of *table*."""
    return Replay(table, stamp) if stamp <= table.restored_up_to else FirstPass(table, stamp)
