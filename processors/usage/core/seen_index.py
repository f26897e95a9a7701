"""First sighting wins: which events of a batch are copies, and of what.

What is decided here once is written to `weir.seen`, and comes back from there after a crash: a
replayed record meets its own first sighting and decides the same again.
"""

from typing import Final, NamedTuple

import numpy as np

from processors.usage.core.sealed_run import SealedRun
from processors.usage.core.seen_table import U64, Entries, SeenTable, join, nonzero
from schemas.seen import ENTRY_BYTES

_LOW: Final = (1 << 32) - 1
_LOW_U64: Final = np.uint64(_LOW)
_HALF: Final = np.uint64(32)
#: An entry of a weir.seen record, as schemas.seen writes it.
_SEEN_ROW: Final = np.dtype([("first", "<u8"), ("second", "<u8"), ("content", "<u4")])


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

    def __init__(self, slots: int, runs: list[SealedRun] | None = None) -> None:
        """Start with a table of *slots* slots before the sealed *runs*, oldest first."""
        self._slots = slots
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
        halves = np.frombuffer(seen.ids, "<u8").reshape(-1, 2)
        first = nonzero(halves[:, 0])
        order = first.argsort(kind="stable")
        batch = Entries(first[order], halves[order, 1], _meta(seen.offsets, seen.contents)[order])
        found, known = self._find(batch.first, batch.second)
        again = np.zeros(len(order), bool)
        same = batch.first[1:] == batch.first[:-1]
        again[1:] = same
        again[:-1] |= same
        doubtful = found | again
        if not doubtful.any():
            self._table.insert(batch)
            return {}
        fresh = ~doubtful
        copies = self._settle(batch, order, doubtful.nonzero()[0].tolist(), found, known, seen, fresh)
        self._table.insert(batch.take(fresh))
        return copies

    def restore(self, entries: Entries) -> None:
        """Add what `weir.seen` says; entries that are known already are left alone."""
        entries = entries.sorted()
        # A record whose batch was written twice stands twice on the topic.
        repeated = np.zeros(len(entries), bool)
        repeated[1:] = (
            (entries.first[1:] == entries.first[:-1])
            & (entries.second[1:] == entries.second[:-1])
            & (entries.meta[1:] == entries.meta[:-1])
        )
        found, known = self._find(entries.first, entries.second)
        self._table.insert(entries.take(~repeated & ~(found & (known == entries.meta))))

    def seal(self, up_to: int) -> SealedRun:
        """Move the entries of source offsets up to *up_to* from the table into a new run."""
        entries = self._table.entries().sorted()
        offsets = _full_offsets(entries.meta, up_to + _LOW // 2)
        sealed = offsets <= up_to
        self._table = SeenTable(self._slots)
        self._table.insert(entries.take(~sealed))
        run = SealedRun(entries.take(sealed))
        self.runs.append(run)
        return run

    def _find(self, first: U64, second: U64) -> tuple[np.ndarray, U64]:
        """Return for each id whether it is known, and the meta of its newest entry."""
        found, known = self._table.find(first, second)
        for run in reversed(self.runs):
            older, meta = run.find(first, second)
            take = older & ~found
            known[take] = meta[take]
            found |= older
        return found, known

    def _settle(
        self,
        batch: Entries,
        order: np.ndarray,
        doubtful: list[int],
        found: np.ndarray,
        known: U64,
        seen: Sightings,
        fresh: np.ndarray,
    ) -> dict[int, Copy]:
        """Decide one by one, in log order, for ids that are known or stand twice in the batch."""
        copies: dict[int, Copy] = {}
        current: dict[tuple[int, int], tuple[int, int]] = {}
        counted: set[tuple[int, int, int]] = set()
        for row in doubtful:
            place = int(order[row])
            offset, content = seen.offsets[place], seen.contents[place]
            key = int(batch.first[row]), int(batch.second[row])
            if key not in current and found[row]:
                meta = int(known[row])
                current[key] = _near(meta >> 32, offset), meta & _LOW
            sighting = current.get(key)
            if sighting is None or sighting[0] < seen.kept_since[place]:
                current[key] = offset, content
                counted.add((*key, offset))
                fresh[row] = True
            elif sighting == (offset, content) and (*key, offset) not in counted:
                counted.add((*key, offset))
            else:
                copies[place] = Copy(sighting[1] != content, sighting[0])
        return copies


def entries_of(values: list[bytes], offsets: list[int]) -> Entries:
    """Return the entries of records of `weir.seen`, given their values and source offsets."""
    rows = np.frombuffer(b"".join(values), _SEEN_ROW)
    counts = [len(value) // ENTRY_BYTES for value in values]
    low = np.repeat(np.array(offsets, np.uint64) & _LOW_U64, counts)
    return Entries(
        nonzero(rows["first"]), rows["second"].copy(), low << _HALF | rows["content"].astype(np.uint64)
    )


def merge(runs: list[SealedRun], kept_since: int, newest: int) -> SealedRun:
    """Return one run for *runs*, oldest first, without what lies before source offset *kept_since*.

    *newest* is a source offset at or above all of theirs.
    """
    # A stable sort keeps the newest entry of an id behind the others, where find looks last.
    entries = join([run.entries for run in runs])
    kept = _full_offsets(entries.meta, newest) >= kept_since
    return SealedRun(entries.take(kept).sorted())


def _meta(offsets: list[int], contents: list[int]) -> U64:
    return (np.array(offsets, np.uint64) & _LOW_U64) << _HALF | np.array(contents, np.uint64)


def _full_offsets(meta: U64, newest: int) -> np.ndarray:
    """Return the source offsets whose low halves are in *meta*; none is above *newest*."""
    low = (meta >> _HALF).astype(np.int64)
    full = (newest & ~_LOW) + low
    return np.where(full > newest, full - (_LOW + 1), full)


def _near(low: int, offset: int) -> int:
    """Return the largest source offset up to *offset* whose low half is *low*."""
    full = offset & ~_LOW | low
    return full if full <= offset else full - (_LOW + 1)
