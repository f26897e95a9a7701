"""A broker and a disk that forget what was not acknowledged, around one usage partition."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from processors.stream.core.records import NewRecord, SourceRecord
from processors.usage.core.horizon import Horizon
from processors.usage.core.partition import Identity, Outcome, UsagePartition
from processors.usage.core.quota_table import QuotaTable
from processors.usage.core.sealed_run import SealedRun
from processors.usage.core.seen_index import SeenIndex
from processors.usage.core.table import UsageTable
from processors.usage.restore import (
    SeenLog,
    progress_in,
    quotas_log,
    restore_quotas,
    restore_rollups,
    rollups_log,
)
from schemas import quota, rollup
from schemas.alert import alert_key, encode_alert
from schemas.catalog import Catalog
from schemas.instant import HOUR_MS
from schemas.partial import Partial
from schemas.sketch import read_window
from schemas.stamp import NEVER, leading_stamp, offset_of
from tests.unit.processors.usage.model import whole_sketch
from tests.unit.processors.usage.source import HORIZON_MS, KINDS, PARTITION, PARTITIONS, TOPIC

GENERATION = 1
IDENTITY = Identity(TOPIC, PARTITION, PARTITIONS, GENERATION)


def new_table(catalog: Catalog, quotas: QuotaTable) -> UsageTable:
    return UsageTable(PARTITION, lambda start_ms: catalog.meters_at(start_ms).grace_ms, quotas)


@dataclass
class Batch:
    """An outcome on its way to the broker, in steps, each after the same one of the batch before."""

    outcome: Outcome
    steps: tuple[dict[str, list[NewRecord]], ...]
    done: int = 0


@dataclass
class Topics:
    """What the broker has."""

    seen: list[NewRecord] = field(default_factory=list)
    verdicts: list[NewRecord] = field(default_factory=list)
    dead_letters: list[NewRecord] = field(default_factory=list)
    quotas: list[NewRecord] = field(default_factory=list)
    alerts: list[NewRecord] = field(default_factory=list)
    rollups: list[NewRecord] = field(default_factory=list)

    def append(self, step: dict[str, list[NewRecord]]) -> None:
        for topic, records in step.items():
            getattr(self, topic).extend(records)


class Machine:
    """One partition with its topics and disk: it can be crashed at any point."""

    def __init__(
        self, catalog: Catalog, slots: int, few: int, base_offset: int, *, seals: bool = True
    ) -> None:
        """Decide batches of up to *few* events one by one; a full table spills unless it *seals*."""
        self.catalog = catalog
        self.slots = slots
        self.few = few
        self.seals = seals
        self.base_offset = base_offset
        self.topics = Topics()
        self.in_flight: list[Batch] = []
        #: The disk: runs, how much of the seen topic they cover, and the hours.
        self.runs: list[SealedRun] = []
        self.covered = 0
        self.hours: list[tuple[int, int]] = []
        #: Rows and a progress, and how much of the rollups topic they stand for.
        self.kept_rows: list[tuple[bytes, bytes]] = []
        self.kept_up_to = 0
        self.kept_quotas: list[tuple[bytes, bytes]] = []
        self.kept_quotas_up_to = 0
        self.restart()

    def restart(self) -> None:
        """Start from what is durable."""
        rollups, quotas = rollups_log(), quotas_log()
        for key, value in self.kept_rows:
            rollups.add(key, value)
        for record in self.topics.rollups[self.kept_up_to :]:
            rollups.add(record.key, record.value)
        for key, value in self.kept_quotas:
            quotas.add(key, value)
        for record in self.topics.quotas[self.kept_quotas_up_to :]:
            quotas.add(record.key, record.value)
        self.progress = progress_in(rollups, PARTITION)
        horizon = Horizon(HORIZON_MS)
        for hour_ms, first_offset in self.hours:
            horizon.observe(first_offset, hour_ms)
        index = SeenIndex(self.slots, list(self.runs), few=self.few, most_runs=2)
        seen_log = SeenLog(index, horizon)
        for record in self.topics.seen[self.covered :]:
            seen_log.add(record.key, record.value, record.timestamp_ms)
        seen_log.finish()
        quota_table = QuotaTable(PARTITION)
        table = new_table(self.catalog, quota_table)
        if self.progress is not None:
            table.resume(self.progress.record_time_ms)
            quota_table.resume(self.progress.record_time_ms)
        restore_rollups(rollups, table)
        self.owed_alerts = restore_quotas(
            quotas, quota_table, self.progress.stamp if self.progress else NEVER
        )
        self.partition = UsagePartition(IDENTITY, table, quota_table, index, horizon, self.progress)
        self.next_offset = offset_of(self.progress.stamp) + 1 if self.progress else self.base_offset
        self.in_flight = []
        self.last_durable: Outcome | None = None
        self.seen_end = len(self.topics.seen)

    def apply(self, records: Sequence[SourceRecord]) -> None:
        outcome = self.partition.apply(records, self.catalog)
        progress = []
        if outcome.progress is not None:
            key = rollup.encode(rollup.ProgressKey(PARTITION))
            progress.append(NewRecord(key, rollup.encode(outcome.progress), outcome.record_time_ms))
        first = {"seen": outcome.seen, "verdicts": outcome.verdicts, "dead_letters": outcome.dead_letters}
        alerts = [
            NewRecord(alert_key(each), encode_alert(each), each.raised_at_ms)
            for each in [*self.owed_alerts, *outcome.alerts]
        ]
        self.owed_alerts = []
        steps = (
            first,
            {"quotas": [*outcome.quotas, *progress]},
            {"alerts": alerts},
            {"rollups": [*outcome.rollups, *progress]},
        )
        self.in_flight.append(Batch(outcome, steps))
        self.next_offset = outcome.last_offset + 1

    def startable(self) -> list[Batch]:
        """Return the batches whose next step may be on its way."""
        return [
            batch
            for place, batch in enumerate(self.in_flight)
            if place == 0 or self.in_flight[place - 1].done > batch.done
        ]

    def acknowledge(self, which: int) -> None:
        """Make the next step of one batch durable."""
        startable = self.startable()
        if not startable:
            return
        batch = startable[which % len(startable)]
        self.topics.append(batch.steps[batch.done])
        batch.done += 1
        while self.in_flight and self.in_flight[0].done == len(self.in_flight[0].steps):
            self.durable(self.in_flight.pop(0).outcome)

    def durable(self, outcome: Outcome) -> None:
        self.partition.table.close(outcome.record_time_ms)
        self.partition.quotas.close(outcome.record_time_ms)
        self.last_durable = outcome
        if self.seals and self.partition.index.is_full:
            self.seal()
        self.seen_end = len(self.topics.seen)

    def seal(self) -> None:
        """Seal what is durable, and keep it on disk; does nothing where nothing is since the start."""
        if self.last_durable is None:
            return
        index, up_to = self.partition.index, self.last_durable.last_offset
        index.seal(up_to)
        # An hour more than is needed, since the clock may step back.
        index.compact(self.partition.horizon.kept_since(self.last_durable.record_time_ms - HOUR_MS))
        self.runs, self.covered, self.hours = list(index.runs), self.seen_end, self.partition.horizon.hours()

    def keep_rows(self) -> None:
        """Keep the rows as they are on disk, with the newest durable progress, if there is one."""
        if self.last_durable is None or self.last_durable.progress is None:
            return
        progress = (rollup.encode(rollup.ProgressKey(PARTITION)), rollup.encode(self.last_durable.progress))
        self.kept_rows = [*self.partition.table.records(), progress]
        self.kept_up_to = len(self.topics.rollups)
        self.kept_quotas = [*self.partition.quotas.records()]
        self.kept_quotas_up_to = len(self.topics.quotas)

    def drain(self) -> None:
        while self.in_flight:
            self.acknowledge(0)

    def crash(self, kept: Sequence[int]) -> None:
        """Lose what is not acknowledged, but for *kept* records of each append that is under way."""
        amounts = iter(kept)
        for batch in self.startable():
            cut = {topic: records[: next(amounts, 0)] for topic, records in batch.steps[batch.done].items()}
            self.topics.append(cut)
        self.restart()


def shown(records: Sequence[NewRecord]) -> tuple[int | None, dict[rollup.Key, rollup.Row]]:
    """Return what a sink shows of the rollups topic: the progress, and the rows up to there.

    Pages come together: which of them are blurred is nobody's business, what they say as a whole is.
    """
    rows: dict[rollup.Key, rollup.Row] = {}
    decoded = [rollup.decode(record.key, record.value) for record in records]
    stamps = [row.stamp for _, row in decoded if isinstance(row, rollup.Progress)]
    if not stamps:
        return None, {}
    for key, row in decoded:
        if isinstance(row, rollup.Progress) or row.stamp > max(stamps):
            continue
        if key not in rows or rows[key].stamp <= row.stamp:
            rows[key] = row
    return offset_of(max(stamps)), _with_whole_sketches(rows)


def _with_whole_sketches(rows: dict[rollup.Key, rollup.Row]) -> dict[rollup.Key, rollup.Row]:
    others: dict[rollup.Key, rollup.Row] = {}
    pages: dict[rollup.UsageKey, dict[int, bytes]] = {}
    for key, row in rows.items():
        if isinstance(key, rollup.SketchKey) and isinstance(row, rollup.SketchRow):
            pages.setdefault(key.usage, {})[key.page] = row.content
        else:
            others[key] = row
    for usage_key, contents in pages.items():
        sketch = read_window(KINDS[usage_key.meter], contents.items())
        others[whole_sketch(usage_key)] = rollup.SketchRow(sketch.encode(), 0)
    return others


def shown_quotas(
    records: Sequence[NewRecord],
) -> tuple[int | None, dict[quota.Key, quota.UsedRow | quota.EventsRow]]:
    """Return what the ingress knows from the quotas topic: the progress, and the rows up to there."""
    rows: dict[quota.Key, quota.UsedRow | quota.EventsRow] = {}
    decoded = [(quota.decode_key(each.key), each.value) for each in records]
    stamps = [leading_stamp(value) for key, value in decoded if isinstance(key, rollup.ProgressKey)]
    if not stamps:
        return None, {}
    for key, value in decoded:
        if not value:
            rows.pop(key, None)
        elif not isinstance(key, rollup.ProgressKey) and leading_stamp(value) <= max(stamps):
            row = quota.decode_used(value) if isinstance(key, quota.UsedKey) else quota.decode_events(value)
            if key not in rows or rows[key].stamp <= row.stamp:
                rows[key] = row
    return offset_of(max(stamps)), rows


def plain(row: quota.UsedRow | quota.EventsRow) -> tuple[int, Partial | int]:
    """Return stamp and content, as the model has them."""
    return row.stamp, row.partial if isinstance(row, quota.UsedRow) else row.events
