"""First sighting wins: which events of a batch are copies, and of what.

What is decided here once is written to `weir.seen`, and comes back from there after a crash.
Only records before its own are evidence against an event. So a replayed record, which meets
what it wrote itself, and perhaps what later ones wrote, decides as it did the first time.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from processors.usage.core.entries import (
    Entries,
    Mask,
    Sighting,
    columns_of,
    halves_of,
    join,
    meta_of,
    offsets_of,
    sighting_of,
)
from processors.usage.core.sealed_run import SealedRun
from processors.usage.core.seen_table import SeenTable

#: Up to here one by one is faster than the fixed cost of columns.
_FEW: Final = 24
#: Each run costs every lookup a probe.
_MOST_RUNS: Final = 8


class Sightings(NamedTuple):
    """Events of one partition in log order, column by column."""

    #: 16 bytes an event.
    ids: bytes
    contents: list[int]
    #: Source offset of each event's record; never decreasing.
    offsets: list[int]
    #: First source offset that each event is still compared with (see schemas.horizon).
    kept_since: list[int]


class Copy(NamedTuple):
    """An event that does not count, because another one with its identity did."""

    #: Whether its content differs from the one that counted.
    conflicts: bool
    #: Source offset of the record that holds the one that counted.
    first_offset: int


class SeenIndex:
    """The ids that counted in one partition, within the horizon."""

    def __init__(
        self, slots: int, runs: list[SealedRun] | None = None, few: int = _FEW, most_runs: int = _MOST_RUNS
    ) -> None:
        """Start with a table of *slots* slots before the sealed *runs*, oldest first.

        Batches of up to *few* events are decided one by one; `compact` leaves at most *most_runs* runs.
        """
        self._slots = slots
        self._few = few
        self._most_runs = most_runs
        self._table = SeenTable(slots)
        self.runs = runs or []

    def __len__(self) -> int:
        """Return the number of entries, sealed ones included."""
        return len(self._table) + sum(map(len, self.runs))

    @property
    def is_full(self) -> bool:
        """Whether the table should be sealed."""
        return self._table.is_full()

    def decide(self, seen: Sightings) -> dict[int, Copy]:
        """Return the copies among *seen*, by their place; everything else counts, and is known now."""
        if len(seen.contents) <= self._few:
            doubtful = list(range(len(seen.contents)))
        else:
            doubtful = self._insert_unknown(columns_of(seen.ids, seen.contents, seen.offsets))
        counted: set[tuple[int, int, int]] = set()
        copies = {}
        for place in doubtful:
            copy = self._decide(seen, place, counted)
            if copy is not None:
                copies[place] = copy
        return copies

    def restore(self, entries: Entries) -> None:
        """Add what `weir.seen` says; an entry that is known already is left alone.

        A record whose batch was written twice stands twice on the topic.
        """
        for row in self._insert_unknown(entries):
            first, second, meta = int(entries.first[row]), int(entries.second[row]), int(entries.meta[row])
            if meta not in self._metas(first, second):
                self._table.add(first, second, meta)

    def seal(self, up_to: int) -> SealedRun:
        """Move the entries of source offsets up to *up_to* from the table into a new run."""
        entries = self._table.entries()
        entries = entries.take(entries.order())
        sealed = offsets_of(entries.meta, up_to) <= up_to
        self._table = SeenTable(self._slots)
        self._table.insert(entries.take(~sealed))
        run = SealedRun(entries.take(sealed), up_to)
        self.runs.append(run)
        return run

    def compact(self, kept_since: int) -> None:
        """Drop runs that lie before source offset *kept_since*; merge the youngest if there are too many."""
        runs = [run for run in self.runs if run.newest_offset >= kept_since]
        start = first_to_merge([len(run) for run in runs], self._most_runs)
        if start < len(runs):
            runs[start:] = [_merged(runs[start:], kept_since)]
        self.runs = [run for run in runs if len(run)]

    def _insert_unknown(self, entries: Entries) -> list[int]:
        """Add the entries whose ids are certainly new; return the places of the others, in order."""
        order = entries.order()
        ordered = entries.take(order)
        doubtful = self._repeated(ordered) | self._table.may_contain(ordered.first)
        for run in self.runs:
            doubtful |= run.may_contain(ordered.first, ordered.second)
        if not doubtful.any():
            self._table.insert(ordered)
            return []
        self._table.insert(ordered.take(~doubtful))
        return sorted(order[doubtful].tolist())

    @staticmethod
    def _repeated(ordered: Entries) -> Mask:
        """Return which ids may stand more than once in *ordered*."""
        repeated = np.zeros(len(ordered), bool)
        same = ordered.first[1:] == ordered.first[:-1]
        repeated[1:] = same
        repeated[:-1] |= same
        return repeated

    def _decide(self, seen: Sightings, place: int, counted: set[tuple[int, int, int]]) -> Copy | None:
        """Return what event *place* is a copy of; None: it counts.

        *counted* holds (id, offset) of what counted in this batch, since an entry at an event's
        own offset may also be its own, from before a crash.
        """
        offset, content = seen.offsets[place], seen.contents[place]
        first, second = halves_of(seen.ids, place)
        metas = self._metas(first, second)
        own = (first, second, offset)
        before = offset + 1 if own in counted else offset
        evidence = _newest(metas, offset, before)
        if evidence is not None and evidence.offset >= seen.kept_since[place]:
            return Copy(evidence.content != content, evidence.offset)
        counted.add(own)
        meta = meta_of(offset, content)
        if meta not in metas:
            self._table.add(first, second, meta)
        return None

    def _metas(self, first: int, second: int) -> list[int]:
        """Return the metas of all entries of one id."""
        metas = self._table.metas(first, second)
        for run in self.runs:
            metas += run.metas(first, second)
        return metas


def first_to_merge(sizes: Sequence[int], most: int) -> int:
    """Return from which of the runs of *sizes*, oldest first, on all are merged into one; their number: none.

    While there are at most *most*, none. Else so few that the run before them is twice as large as they
    are together, or all: so an entry is written anew less often than the index doubles, not with every
    merge.
    """
    if len(sizes) <= most:
        return len(sizes)
    start, merged = len(sizes) - 2, sizes[-2] + sizes[-1]
    while start > 0 and sizes[start - 1] < 2 * merged:
        start -= 1
        merged += sizes[start]
    return start


def _merged(runs: Sequence[SealedRun], kept_since: int) -> SealedRun:
    """Return one run for *runs*, oldest first, without what lies before source offset *kept_since*."""
    # Not always the youngest's: a start seals what the log holds ahead of the progress.
    newest = max(run.newest_offset for run in runs)
    entries = join([run.entries for run in runs])
    entries = entries.take(entries.order())
    return SealedRun(entries.take(offsets_of(entries.meta, newest) >= kept_since), newest)


def _newest(metas: list[int], near: int, before: int) -> Sighting | None:
    """Return the newest sighting in *metas* at a source offset below *before*."""
    if not metas:
        return None
    sightings = [sighting_of(meta, near) for meta in metas]
    return max((one for one in sightings if one.offset < before), default=None)
