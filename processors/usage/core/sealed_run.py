"""The old part of the dedupe index: sorted columns that may be mapped from disk.

A bloom filter answers for most new ids, a binary search for the few that are left. 1.5 to 3
bytes of memory and 24 of disk an entry.
"""

from typing import Final

import numpy as np

from processors.usage.core.entries import U64, Entries, Mask

_BITS_PER_ENTRY: Final = 12
_WORD_BITS: Final = 64
#: Where in the second half the five bits of an id are drawn from, six bits each.
_PROBES: Final = (0, 6, 12, 18, 24)
_ONE: Final = np.uint64(1)
_SIX_BITS: Final = np.uint64(63)


class SealedRun:
    """An unchangeable set of entries, sorted by the first half of their ids."""

    def __init__(self, entries: Entries, newest_offset: int) -> None:
        """Build the filter of *entries*, which must be sorted, in one pass.

        *newest_offset* is a source offset at or above all of theirs.
        """
        self.entries = entries
        self.newest_offset = newest_offset
        words = 1 << (len(entries) * _BITS_PER_ENTRY // _WORD_BITS).bit_length()
        # A shift by all 64 bits is not defined, so a filter of one word is one of two.
        words = max(2, words)
        self._shift = _WORD_BITS + 1 - words.bit_length()
        self._filter = np.zeros(words, np.uint64)
        np.bitwise_or.at(self._filter, self._word(entries.first), _patterns(entries.second))
        self._words = self._filter.data

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self.entries)

    def may_contain(self, first: U64, second: U64) -> Mask:
        """Return which ids may be here, going by the filter and their first halves."""
        patterns = _patterns(second)
        maybe: Mask = (self._filter[self._word(first)] & patterns) == patterns
        rows = maybe.nonzero()[0]
        if len(rows) and len(self):
            here = self.entries.first.searchsorted(first[rows])
            maybe[rows] = self.entries.first[np.minimum(here, len(self) - 1)] == first[rows]
        return maybe

    def metas(self, first: int, second: int) -> list[int]:
        """Return the metas of one id, oldest first."""
        if not self._passes(first, second):
            return []
        column = self.entries.first
        start, end = column.searchsorted(np.uint64(first)), column.searchsorted(np.uint64(first), "right")
        same = self.entries.second[start:end] == np.uint64(second)
        metas: list[int] = self.entries.meta[start:end][same].tolist()
        return metas

    def _passes(self, first: int, second: int) -> bool:
        pattern = _pattern(second)
        return self._words[first >> self._shift] & pattern == pattern

    def _word(self, first: U64) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        return (first >> np.uint64(self._shift)).astype(np.intp)


def _patterns(second: U64) -> U64:
    """Return five bits of a 64 bit word for each id."""
    patterns = np.zeros(len(second), np.uint64)
    for probe in _PROBES:
        patterns |= _ONE << ((second >> np.uint64(probe)) & _SIX_BITS)
    return patterns


def _pattern(second: int) -> int:
    """Return what `_patterns` does, for one id."""
    pattern = 0
    for probe in _PROBES:
        pattern |= 1 << (second >> probe & 63)
    return pattern
