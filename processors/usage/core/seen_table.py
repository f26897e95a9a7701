"""The young part of the dedupe index: a bucket table of 24 bytes a slot, exact on 128 bits.

A bucket is 16 slots in a row, found by the first bits of the id. Batches are sorted by id before
they touch the table, so memory is met in order. What does not fit into its bucket spills into a
dict.
"""

from itertools import groupby
from typing import Final

import numpy as np

from processors.usage.core.entries import U64, Entries, Mask, join

_WIDTH: Final = 16
#: Beyond this share of slots too many buckets are full.
_LOAD: Final = 0.55


class SeenTable:
    """Entries up to `capacity`. It never grows: its owner seals it when `is_full`."""

    def __init__(self, slots: int) -> None:
        """Make room for at least *slots* slots, of which 55 % may be used."""
        buckets = max(2, 1 << (max(1, -(-slots // _WIDTH)) - 1).bit_length())
        self._shift = 64 - (buckets.bit_length() - 1)
        self._first = np.zeros(buckets * _WIDTH, np.uint64)
        self._second = np.zeros(buckets * _WIDTH, np.uint64)
        self._meta = np.zeros(buckets * _WIDTH, np.uint64)
        self._used = np.zeros(buckets, np.int64)
        # One number at a time, a view is read several times as fast as its array.
        self._firsts = self._first.data
        self._seconds = self._second.data
        self._metas = self._meta.data
        self._useds = self._used.data
        #: (second half, meta) of what did not fit, by first half.
        self._spilled: dict[int, list[tuple[int, int]]] = {}
        self._count = 0
        self.capacity = int(buckets * _WIDTH * _LOAD)

    def __len__(self) -> int:
        """Return the number of entries."""
        return self._count

    def is_full(self) -> bool:
        """Say whether it is time to seal it; it still takes more, more slowly."""
        return self._count >= self.capacity

    def may_contain(self, first: U64) -> Mask:
        """Return which ids may be here, going by their first halves."""
        bucket = self._bucket(first)
        maybe: Mask = (self._first.reshape(-1, _WIDTH)[bucket] == first[:, None]).any(axis=1)
        if self._spilled:
            for row in (self._used[bucket] >= _WIDTH).nonzero()[0].tolist():
                maybe[row] |= int(first[row]) in self._spilled
        return maybe

    def metas(self, first: int, second: int) -> list[int]:
        """Return the metas of one id in the order in which they were added."""
        start = (first >> self._shift) * _WIDTH
        bucket = self._firsts[start : start + _WIDTH].tolist()
        found = []
        if first in bucket:
            same = [start + slot for slot, here in enumerate(bucket) if here == first]
            found = [self._metas[at] for at in same if self._seconds[at] == second]
        if self._spilled:
            found += [meta for here, meta in self._spilled.get(first, ()) if here == second]
        return found

    def add(self, first: int, second: int, meta: int) -> None:
        """Add one entry."""
        bucket = first >> self._shift
        used = self._useds[bucket]
        if used < _WIDTH:
            at = bucket * _WIDTH + used
            self._firsts[at], self._seconds[at], self._metas[at] = first, second, meta
            self._useds[bucket] = used + 1
        else:
            self._spilled.setdefault(first, []).append((second, meta))
        self._count += 1

    def insert(self, new: Entries) -> None:
        """Add *new*, which must be in the order of its first halves."""
        if not len(new):
            return
        bucket = self._bucket(new.first)
        starts = np.flatnonzero(np.concatenate(([True], bucket[1:] != bucket[:-1])))
        runs = np.diff(starts, append=len(bucket))
        slot = self._used[bucket] + np.arange(len(bucket)) - np.repeat(starts, runs)
        fits = slot < _WIDTH
        if fits.all():
            at, fitting = bucket * _WIDTH + slot, new
        else:
            at, fitting = bucket[fits] * _WIDTH + slot[fits], new.take(fits)
            self._spill(new.take(~fits))
        self._first[at], self._second[at], self._meta[at] = fitting.first, fitting.second, fitting.meta
        touched = bucket[starts]
        self._used[touched] = np.minimum(self._used[touched] + runs, _WIDTH)
        self._count += len(new)

    def entries(self) -> Entries:
        """Return everything that is here; entries of one id in the order in which they were added."""
        used = self._first != 0
        parts = [Entries(self._first[used], self._second[used], self._meta[used])]
        if self._spilled:
            flat = [(first, *entry) for first, spilled in self._spilled.items() for entry in spilled]
            columns = np.array(flat, np.uint64)
            parts.append(Entries(columns[:, 0], columns[:, 1], columns[:, 2]))
        return join(parts)

    def _bucket(self, first: U64) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        return (first >> np.uint64(self._shift)).astype(np.intp)

    def _spill(self, new: Entries) -> None:
        rows = zip(new.first.tolist(), new.second.tolist(), new.meta.tolist(), strict=True)
        for first, same in groupby(rows, key=lambda row: int(row[0])):
            self._spilled.setdefault(first, []).extend((second, meta) for _, second, meta in same)
