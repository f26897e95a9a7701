"""The old part of the dedupe index: sorted columns that may be mapped from disk.

A bloom filter answers for most new ids; a directory over the first bits of the id says where
the few remaining ones would stand. 2.5 bytes of memory and 24 of disk an id.
"""

from typing import Final

import numpy as np

from processors.usage.core.seen_table import U64, Entries, Mask

_BITS_PER_ID: Final = 12
#: Ids of a directory cell, on average.
_CELL: Final = 8
_PROBES: Final = 5
_SIX: Final = np.uint64(6)
_WORD: Final = np.uint64(63)
_ONE: Final = np.uint64(1)


class SealedRun:
    """An unchangeable set of entries, sorted by the first half of their ids."""

    def __init__(self, entries: Entries) -> None:
        """Index *entries*, which must be sorted; builds filter and directory in one pass."""
        count = len(entries)
        self._entries = entries
        bits = max(1, (max(count, 1) // _CELL).bit_length())
        self._shift = np.uint64(64 - bits)
        edges = np.arange(1 << bits, dtype=np.uint64) << self._shift
        self._directory = np.append(np.searchsorted(entries.first, edges), count).astype(np.uint32)
        words = max(1, 1 << (count * _BITS_PER_ID // 64).bit_length())
        self._filter = np.zeros(words, np.uint64)
        self._filter_shift = np.uint64(65 - words.bit_length())
        np.bitwise_or.at(self._filter, self._word(entries.first), _pattern(entries.second))

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._entries)

    @property
    def entries(self) -> Entries:
        """The sorted entries."""
        return self._entries

    def find(self, first: U64, second: U64) -> tuple[Mask, U64]:
        """Return which of the ids are here, and the meta of those."""
        found = np.zeros(len(first), bool)
        meta = np.zeros(len(first), np.uint64)
        pattern = _pattern(second)
        maybe = (self._filter[self._word(first)] & pattern) == pattern
        for row in maybe.nonzero()[0].tolist():
            at = self._locate(int(first[row]), int(second[row]))
            if at is not None:
                found[row] = True
                meta[row] = self._entries.meta[at]
        return found, meta

    def _locate(self, first: int, second: int) -> int | None:
        cell = first >> int(self._shift)
        start, end = int(self._directory[cell]), int(self._directory[cell + 1])
        for at in (self._entries.first[start:end] == np.uint64(first)).nonzero()[0].tolist():
            if int(self._entries.second[start + at]) == second:
                return start + int(at)
        return None

    def _word(self, first: U64) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        if len(self._filter) == 1:
            return np.zeros(len(first), np.intp)
        return (first >> self._filter_shift).astype(np.intp)


def _pattern(second: U64) -> U64:
    """Return five bits of a 64 bit word for each id, drawn from its second half."""
    pattern = np.zeros(len(second), np.uint64)
    for probe in range(_PROBES):
        pattern |= _ONE << ((second >> (_SIX * np.uint64(probe))) & _WORD)
    return pattern
