"""The young part of the dedupe index: a bucket table of 24 bytes a slot, exact on 128 bits.

A bucket is one row of 16 slots, found by the first bits of the id. A batch is sorted by id
before it touches the table, so memory is read in order. Full buckets spill into a dict.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

_WIDTH: Final = 16
#: Beyond this share of slots too many buckets are full.
_LOAD: Final = 0.55
_ZERO: Final = np.uint64(0)
_ONE: Final = np.uint64(1)


class Entries:
    """Columns of equal length: the two halves of the ids, and where and with what they were seen.

    `meta` holds the source offset's low 32 bits above 32 bits of content hash.
    """

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

    def sorted(self) -> "Entries":
        """Return the entries ordered by the first half of their ids; equal ones keep their order."""
        return self.take(self.first.argsort(kind="stable"))


def join(parts: list[Entries]) -> Entries:
    """Return all *parts* behind each other."""
    return Entries(
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.second for part in parts]),
        np.concatenate([part.meta for part in parts]),
    )


def nonzero(first: U64) -> U64:
    """Return *first* with 0 replaced by 1, since 0 marks an empty slot; the second half still tells."""
    return np.where(first == _ZERO, _ONE, first)


class SeenTable:
    """Up to `capacity` ids. It never grows: its owner seals it when `is_full`."""

    def __init__(self, slots: int) -> None:
        """Make room for at least *slots* slots, of which 55 % may be used."""
        buckets = max(2, 1 << (max(1, -(-slots // _WIDTH)) - 1).bit_length())
        self._shift = np.uint64(64 - (buckets.bit_length() - 1))
        self._first = np.zeros((buckets, _WIDTH), np.uint64)
        self._second = np.zeros((buckets, _WIDTH), np.uint64)
        self._meta = np.zeros((buckets, _WIDTH), np.uint64)
        self._used = np.zeros(buckets, np.int64)
        self._spilled: dict[tuple[int, int], int] = {}
        self._count = 0
        self.capacity = int(buckets * _WIDTH * _LOAD)

    def __len__(self) -> int:
        """Return the number of ids."""
        return self._count

    def is_full(self) -> bool:
        """Say whether it is time to seal it; it still takes more, more slowly."""
        return self._count >= self.capacity

    def find(self, first: U64, second: U64) -> tuple[Mask, U64]:
        """Return which of the ids are here, and the meta of those; *first* sorted, without zeros."""
        bucket = (first >> self._shift).astype(np.intp)
        same = self._first[bucket] == first[:, None]
        found = np.zeros(len(first), bool)
        meta = np.zeros(len(first), np.uint64)
        for row in same.any(axis=1).nonzero()[0].tolist():
            for slot in same[row].nonzero()[0].tolist():
                if self._second[bucket[row], slot] == second[row]:
                    found[row] = True
                    meta[row] = self._meta[bucket[row], slot]
        if self._spilled:
            self._find_spilled(first, second, bucket, found, meta)
        return found, meta

    def insert(self, new: Entries) -> None:
        """Add *new*: sorted by first half, without zeros. An id that is here is replaced."""
        if not len(new):
            return
        bucket = (new.first >> self._shift).astype(np.intp)
        starts = np.flatnonzero(np.concatenate(([True], bucket[1:] != bucket[:-1])))
        runs = np.diff(starts, append=len(bucket))
        slot = self._used[bucket] + np.arange(len(bucket)) - np.repeat(starts, runs)
        fits = slot < _WIDTH
        if not fits.all():
            spilled = new.take(~fits)
            self._spilled.update(
                zip(
                    zip(spilled.first.tolist(), spilled.second.tolist(), strict=True),
                    spilled.meta.tolist(),
                    strict=True,
                )
            )
        at = bucket[fits] * _WIDTH + slot[fits]
        self._first.reshape(-1)[at] = new.first[fits]
        self._second.reshape(-1)[at] = new.second[fits]
        self._meta.reshape(-1)[at] = new.meta[fits]
        touched = bucket[starts]
        self._used[touched] = np.minimum(self._used[touched] + runs, _WIDTH)
        self._count += len(new)

    def entries(self) -> Entries:
        """Return everything that is here, in no particular order."""
        used = self._first != _ZERO
        parts = [Entries(self._first[used], self._second[used], self._meta[used])]
        if self._spilled:
            ids = np.array(list(self._spilled), np.uint64)
            meta = np.array(list(self._spilled.values()), np.uint64)
            parts.append(Entries(ids[:, 0], ids[:, 1], meta))
        return join(parts)

    def _find_spilled(
        self, first: U64, second: U64, bucket: npt.NDArray[np.intp], found: Mask, meta: U64
    ) -> None:
        for row in (self._used[bucket] >= _WIDTH).nonzero()[0].tolist():
            here = self._spilled.get((int(first[row]), int(second[row])))
            if here is not None:
                found[row] = True
                meta[row] = here
