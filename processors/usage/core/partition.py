"""One partition of usage: records in, everything to be written out. The state machine of the agent."""

from collections.abc import Sequence
from dataclasses import dataclass

from processors.stream.core.records import NewRecord, SourceRecord
from processors.usage.core.count import RecordCount
from processors.usage.core.dedupe import NO_COPIES, Copies, Dedupe
from processors.usage.core.horizon import Horizon
from processors.usage.core.hot_keys import HotKeys
from processors.usage.core.judge import Judge
from processors.usage.core.periods import Periods
from processors.usage.core.quota_table import QuotaTable
from processors.usage.core.recipes import Recipes
from processors.usage.core.refusals import Rules
from processors.usage.core.screen import Read, Screen, Screened, read_source
from processors.usage.core.seen_index import SeenIndex
from processors.usage.core.table import UsageTable
from processors.usage.core.tally import Tally
from schemas import rollup, verdict
from schemas.alert import QuotaThresholdReached
from schemas.catalog import Catalog
from schemas.dead_letter import DeadLetter, encode_dead_letter
from schemas.seen import offset_key
from schemas.stamp import stamp_of
from schemas.verdict import RecordVerdicts


@dataclass(frozen=True, slots=True)
class Identity:
    """Which partition of which log this is."""

    #: Full name, for whoever reads a dead letter.
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
    quotas: list[NewRecord]
    alerts: list[QuotaThresholdReached]
    rollups: list[NewRecord]
    #: None while a replay has not come to the end of what was written before it: until then the
    #: rows on the log show no one point of the source.
    progress: rollup.Progress | None
    tally: Tally


class UsagePartition:
    """The state of one partition. `apply` is the only thing that changes it for good."""

    def __init__(
        self,
        identity: Identity,
        table: UsageTable,
        quotas: QuotaTable,
        index: SeenIndex,
        horizon: Horizon,
        progress: rollup.Progress | None,
        read: Read = read_source,
    ) -> None:
        """Start from what was restored; *progress* None: nothing was ever read.

        *read* takes the events out of records that do not stand there as they do on the log.
        """
        self.identity = identity
        self.table = table
        self.quotas = quotas
        self.index = index
        self.horizon = horizon
        #: The last one that an outcome carried.
        self.progress = progress
        #: Measures alone: nothing that is written depends on it.
        self.hot_keys = HotKeys()
        self._recipes = Recipes()
        self._periods = Periods(Catalog())
        self._judge = Judge()
        rules = Rules(identity.partition, identity.partitions, horizon.horizon_ms, self._recipes)
        self._screen = Screen(identity.partition, rules, read)
        self._dedupe = Dedupe(index, horizon)
        self._record_time_ms = progress.record_time_ms if progress else 0

    def apply(self, records: Sequence[SourceRecord], catalog: Catalog) -> Outcome:
        """Apply *records*, in order and without holes, and return all that follows from them."""
        if self._periods.catalog is not catalog:
            self._periods = Periods(catalog)
        screened = [self._screen.screen(record, catalog) for record in records]
        deduped = self._dedupe.decide(screened)
        for one in screened:
            if one.pack is not None:
                pack, record = one.pack, one.record
                self.hot_keys.add(record.offset, record.recorded_at_ms, pack.series, pack.series_index)
        tally = Tally(lookups=sum(len(one.passing) for one in screened))
        verdicts = []
        for one in screened:
            verdict_record = self._count(
                one, deduped.copies.get(one.record.offset, NO_COPIES), catalog, tally
            )
            if verdict_record is not None:
                verdicts.append(verdict_record)
        last = records[-1]
        alerts = self._judge.judge(self.quotas.dirty_used, catalog, last.recorded_at_ms)
        return Outcome(
            last.offset,
            last.recorded_at_ms,
            deduped.seen,
            verdicts,
            [self._dead_letter(one) for one in screened if one.unreadable],
            self.quotas.take_dirty(last.recorded_at_ms),
            alerts,
            self.table.take_dirty(last.recorded_at_ms),
            self._advance(records, catalog.version),
            tally,
        )

    def _count(self, one: Screened, copies: Copies, catalog: Catalog, tally: Tally) -> NewRecord | None:
        """Apply one record; return the verdicts on it, if there are any."""
        record = one.record
        stamp = stamp_of(self.identity.generation, record.offset)
        counting = RecordCount(
            self.table, self.quotas, self._recipes, self._periods, one, stamp, catalog, tally
        )
        on_it = counting.run(copies)
        if not on_it:
            return None
        value = verdict.encode_verdicts(RecordVerdicts(record.recorded_at_ms, on_it))
        return NewRecord(offset_key(record.offset), value, record.recorded_at_ms)

    def _advance(self, records: Sequence[SourceRecord], catalog_version: int) -> rollup.Progress | None:
        self._record_time_ms = max(self._record_time_ms, *(record.recorded_at_ms for record in records))
        stamp = stamp_of(self.identity.generation, records[-1].offset)
        if stamp < max(self.table.restored_up_to, self.quotas.restored_up_to):
            return None
        self.progress = rollup.Progress(stamp, self._record_time_ms, catalog_version)
        return self.progress

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
