"""One row on its way from `weir.rollups` to PostgreSQL."""

from enum import Enum, auto
from typing import Protocol

import msgspec

from sinks.core.record import Record


class Table(Enum):
    """Where a row goes."""

    USAGE = auto()
    SKETCHES = auto()
    FATES = auto()
    PROGRESS = auto()
    LOST = auto()


class Stamped(Protocol):
    """A value that says which source record was last applied to it."""

    @property
    def stamp(self) -> int:
        """See schemas.stamp."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """A state of one thing, with the record that it came in. Records with one key speak of one thing."""

    table: Table
    stamp: int
    #: A line of COPY's text format for USAGE, SKETCHES and FATES, else the values.
    content: bytes | tuple[int, ...]
    partition: int
    record: Record
