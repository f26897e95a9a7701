"""Entries of the dedupe index: which id counted, in which source record, and with what content.

An entry is two halves of a 128-bit id and `meta`: the low 32 bits of the source offset above 32
bits of content hash. Many of them are columns.
"""

import struct
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.identity import ID_BYTES
from schemas.seen import ENTRY_BYTES

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_LOW: Final = (1 << 32) - 1
_HALF: Final = np.uint64(32)
_ZERO: Final = np.uint64(0)
_ONE: Final = np.uint64(1)
#: How far an entry may lie ahead of the record that asks, since a replay meets what it wrote
#: before. The rest of the 32 bits, three thousand million records, reaches back.
_AHEAD: Final = 1 << 30
#: An entry of a weir.seen record, as schemas.seen writes it.
_SEEN_ROW: Final = np.dtype([("first", "<u8"), ("second", "<u8"), ("content", "<u4")])
_HALVES: Final = struct.Struct("<QQ")


class Entries:
    """Columns of equal length: the two halves of the ids, and their metas."""

    __slots__ = ("first", "meta", "second")

    def __init__(self, first: U64, second: U64, meta: U64) -> None:
        """Take three columns as they are."""
        self.first = first
        self.second = second
        self.meta = meta

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self.first)

    def take(self, chosen: npt.NDArray[np.intp] | Mask) -> "Entries":
        """Return the entries at *chosen*."""
        return Entries(self.first[chosen], self.second[chosen], self.meta[chosen])

    def order(self) -> npt.NDArray[np.intp]:
        """Return the order by the first half of the id; equal ones keep theirs."""
        return self.first.argsort(kind="stable")


class Sighting(NamedTuple):
    """One entry of an id, seen from a record near by."""

    offset: int
    content: int


def columns_of(ids: bytes, contents: list[int], offsets: list[int]) -> Entries:
    """Return the entries of 16 byte *ids* with their contents and source offsets."""
    halves = np.frombuffer(ids, "<u8").reshape(-1, 2)
    low = np.array(offsets, np.uint64) & np.uint64(_LOW)
    return Entries(_nonzero(halves[:, 0]), halves[:, 1], low << _HALF | np.array(contents, np.uint64))


def entries_of(values: list[bytes], offsets: list[int]) -> Entries:
    """Return the entries of records of `weir.seen`, given their values and source offsets."""
    rows = np.frombuffer(b"".join(values), _SEEN_ROW)
    counts = [len(value) // ENTRY_BYTES for value in values]
    low = np.repeat(np.array(offsets, np.uint64) & np.uint64(_LOW), counts)
    meta = low << _HALF | rows["content"].astype(np.uint64)
    return Entries(_nonzero(rows["first"]), rows["second"].copy(), meta)


def halves_of(ids: bytes, place: int) -> tuple[int, int]:
    """Return the two halves of id number *place*, as the columns have them."""
    first, second = _HALVES.unpack_from(ids, ID_BYTES * place)
    return first or 1, second


def meta_of(offset: int, content: int) -> int:
    """Return what an entry keeps of a sighting."""
    return (offset & _LOW) << 32 | content


def sighting_of(meta: int, near: int) -> Sighting:
    """Return what *meta* says, read at source offset *near*."""
    newest = near + _AHEAD
    return Sighting(newest - ((newest - (meta >> 32)) & _LOW), meta & _LOW)


def offsets_of(meta: U64, near: int) -> I64:
    """Return the source offsets in *meta*, read at source offset *near*."""
    newest = near + _AHEAD
    low = (meta >> _HALF).astype(np.int64)
    offsets: I64 = newest - ((newest - low) & _LOW)
    return offsets


def join(parts: list[Entries]) -> Entries:
    """Return all *parts* behind each other."""
    return Entries(
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.second for part in parts]),
        np.concatenate([part.meta for part in parts]),
    )


def _nonzero(first: U64) -> U64:
    """Return *first* with 0 replaced by 1, since 0 marks an empty slot; the second half still tells."""
    return np.where(first == _ZERO, _ONE, first)
