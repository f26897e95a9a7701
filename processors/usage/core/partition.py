"""One partition of usage: records in, everything to be written out. The state machine of the agent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from processors.stream.core.records import NewRecord, SourceRecord
from processors.usage.core.count import Counter
from processors.usage.core.horizon import Horizon
from processors.usage.core.plans import Plans
from processors.usage.core.screen import Screen, Screened
from processors.usage.core.seen_index import Copy, SeenIndex, Sightings
from processors.usage.core.table import UsageTable
from processors.usage.core.tally import Tally
from schemas import rollup, verdict
from schemas.catalog import Catalog
from schemas.dead_letter import DeadLetter, encode_dead_letter
from schemas.identity import ID_BYTES, identify_pack
from schemas.pack import Pack
from schemas.seen import ENTRY_BYTES, offset_key
from schemas.stamp import stamp_of
from schemas.verdict import RecordVerdicts, Verdict

_NO_COPIES: Final[dict[int, Copy]] = {}


@dataclass(frozen=True, slots=True)
class Identity:
    """Which partition of which log this is."""

    topic: str
    partition: int
    partitions: int
    #: Generation of the topic: counts how often it was made anew.
    generation: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one batch has to make durable."""

    last_offset: int
    #: Append time of that record.
    record_time_ms: int
    seen: list[NewRecord]
    verdicts: list[NewRecord]
    dead_letters: list[NewRecord]
    rollups: list[NewRecord]
    progress: rollup.Progress
    tally: Tally


class UsagePartition:
    """The state of one partition. `apply` is the only thing that changes it for good."""

    def __init__(
        self,
        identity: Identity,
        table: UsageTable,
        index: SeenIndex,
        horizon: Horizon,
        progress: rollup.Progress | None,
    ) -> None:
        """Start from what was restored; *progress* None: nothing was ever read."""
        self.identity = identity
        self.table = table
        self.index = index
        self.horizon = horizon
        self.progress = progress
        plans = Plans()
        self._screen = Screen(
            identity.topic, identity.partition, identity.partitions, horizon.horizon_ms, plans
        )
        self._counter = Counter(table, plans)
        self._record_time_ms = progress.record_time_ms if progress else 0

    def apply(self, records: Sequence[SourceRecord], catalog: Catalog) -> Outcome:
        """Apply *records*, in order and without holes, and return all that follows from them."""
        screened = [self._screen.screen(record, catalog) for record in records]
        for record in records:
            self.horizon.observe(record.offset, record.recorded_at_ms)
        seen, copies = self._dedupe(screened)
        tally = Tally()
        verdicts = [
            NewRecord(
                offset_key(one.record.offset),
                verdict.encode_verdicts(RecordVerdicts(one.record.recorded_at_ms, on_it)),
                one.record.recorded_at_ms,
            )
            for one in screened
            if (on_it := self._count(one, copies.get(one.record.offset, _NO_COPIES), catalog, tally))
        ]
        tally.lookups = sum(len(one.passing) for one in screened)
        last = records[-1]
        self._record_time_ms = max(self._record_time_ms, *(r.recorded_at_ms for r in records))
        self.progress = rollup.Progress(
            stamp_of(self.identity.generation, last.offset), self._record_time_ms, catalog.version
        )
        return Outcome(
            last.offset,
            last.recorded_at_ms,
            seen,
            verdicts,
            [self._dead_letter(one) for one in screened if one.unreadable],
            [NewRecord(key, value, last.recorded_at_ms) for key, value in self.table.take_dirty()],
            self.progress,
            tally,
        )

    def _count(self, one: Screened, copies: dict[int, Copy], catalog: Catalog, tally: Tally) -> list[Verdict]:
        stamp = stamp_of(self.identity.generation, one.record.offset)
        return self._counter.count(one, copies, stamp, catalog, tally)

    def _dedupe(self, screened: Iterable[Screened]) -> tuple[list[NewRecord], dict[int, dict[int, Copy]]]:
        """Return the seen records, and the copies by source offset and index in the pack."""
        batch = _Batch()
        for one in screened:
            if one.pack is not None and one.passing:
                batch.add(one, one.pack, self.horizon.kept_since(one.record.recorded_at_ms))
        if not batch.contents:
            return [], {}
        found = self.index.decide(batch.sightings())
        return batch.seen_records(found), batch.by_record(found)

    def _dead_letter(self, one: Screened) -> NewRecord:
        record = one.record
        key, value = encode_dead_letter(
            DeadLetter(
                topic=self.identity.topic,
                partition=self.identity.partition,
                offset=record.offset,
                stage="processor",
                reason="unreadable",
                detail=one.unreadable,
                value=record.value,
            )
        )
        return NewRecord(key, value, record.recorded_at_ms)


class _Batch:
    """The identities of a batch's events in log order, and which record each belongs to."""

    def __init__(self) -> None:
        self._ids: list[bytes] = []
        self.contents: list[int] = []
        self._offsets: list[int] = []
        self._kept_since: list[int] = []
        #: (record, where its events start, where they end).
        self._spans: list[tuple[Screened, int, int]] = []

    def add(self, one: Screened, pack: Pack, kept_since: int) -> None:
        ids, contents = identify_pack(pack)
        if len(one.passing) < len(ids):
            ids = [ids[index] for index in one.passing]
            contents = [contents[index] for index in one.passing]
        start, count = len(self._ids), len(ids)
        self._ids += ids
        self.contents += contents
        self._offsets += [one.record.offset] * count
        self._kept_since += [kept_since] * count
        self._spans.append((one, start, start + count))

    def sightings(self) -> Sightings:
        return Sightings(b"".join(self._ids), self.contents, self._offsets, self._kept_since)

    def by_record(self, found: dict[int, Copy]) -> dict[int, dict[int, Copy]]:
        """Return *found*, by place in the batch, as copies by source offset and index in the pack."""
        if not found:
            return {}
        copies: dict[int, dict[int, Copy]] = {}
        for one, start, end in self._spans:
            here = {one.passing[place - start]: found[place] for place in range(start, end) if place in found}
            if here:
                copies[one.record.offset] = here
        return copies

    def seen_records(self, found: dict[int, Copy]) -> list[NewRecord]:
        """Return, for each record, the identities that counted."""
        ids = np.frombuffer(b"".join(self._ids), np.uint8).reshape(-1, ID_BYTES)
        contents = np.array(self.contents, "<u4").view(np.uint8).reshape(-1, ENTRY_BYTES - ID_BYTES)
        entries = np.concatenate((ids, contents), axis=1)
        if found:
            counted = np.ones(len(entries), bool)
            counted[list(found)] = False
        records = []
        for one, start, end in self._spans:
            rows = entries[start:end] if not found else entries[start:end][counted[start:end]]
            if len(rows):
                record = one.record
                records.append(NewRecord(offset_key(record.offset), rows.tobytes(), record.recorded_at_ms))
        return records
