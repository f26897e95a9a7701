"""A partition comes to exactly what the model says, however its records are cut, lost and replayed."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from processors.stream.core.records import NewRecord, SourceRecord
from schemas import quota, rollup
from schemas.alert import QuotaThresholdReached, decode_alert
from schemas.catalog import Catalog
from schemas.partial import Partial
from schemas.seen import parse_offset_key
from schemas.verdict import RecordVerdicts, encode_verdicts
from tests.unit.processors.usage.durable import GENERATION, Machine, plain, shown, shown_quotas
from tests.unit.processors.usage.model import Model, Record
from tests.unit.processors.usage.source import (
    HORIZON_MS,
    PARTITION,
    PARTITIONS,
    START_MS,
    TOPIC,
    Sent,
    catalogs,
    plans,
    records_of,
)

#: Of offsets: the beginning, and where 32 bits of them end.
starts = st.sampled_from([0, 2**32 - 3])
#: From one that spills at once to one that never does.
table_slots = st.sampled_from([1, 64, 4096])
#: Batches of up to so many events are decided one by one.
few_events = st.sampled_from([0, 6, 24])


@pytest.fixture(autouse=True, scope="module")
def few_values_are_many() -> Iterator[None]:
    """Let pages blur before a test is long."""
    with pytest.MonkeyPatch.context() as patch:
        for place in ("schemas.sketch", "processors.usage.core.pages"):
            patch.setattr(f"{place}.EXACT_UP_TO", 3)
        yield


class Truth:
    """The model, and what it said after each record."""

    def __init__(self, catalog: Catalog) -> None:
        self.model = Model(PARTITION, PARTITIONS, GENERATION, HORIZON_MS, catalog)
        self.records: list[SourceRecord] = []
        self.rows_at: dict[int | None, dict[rollup.Key, rollup.Row]] = {None: {}}
        self.quotas_at: dict[int | None, dict[quota.Key, tuple[int, Partial | int]]] = {None: {}}
        #: The newest record time by then.
        self.newest_ms_at: dict[int | None, int] = {None: 0}

    def append(self, sent: Sent, offset: int) -> None:
        self.records.append(SourceRecord(offset, sent.recorded_at_ms, sent.value, sent.headers))
        self.model.apply(Record(offset, sent.recorded_at_ms, sent.events))
        self.rows_at[offset] = self.model.rows()
        self.quotas_at[offset] = self.model.quota_rows()
        self.newest_ms_at[offset] = max(record.recorded_at_ms for record in self.records)

    def verdict_values(self) -> dict[int, bytes]:
        return {
            record.offset: encode_verdicts(RecordVerdicts(record.recorded_at_ms, verdicts))
            for record in self.records
            if (verdicts := self.model.verdicts[record.offset])
        }

    def seen_values(self) -> dict[int, bytes]:
        return {offset: value for offset, value in self.model.seen.items() if value}


def by_offset(records: Sequence[NewRecord]) -> dict[int, bytes]:
    """Return the values by source offset; each repetition of a record must say the same."""
    values: dict[int, bytes] = {}
    for record in records:
        assert values.setdefault(parse_offset_key(record.key), record.value) == record.value
    return values


def differences(
    ours: dict[rollup.Key, rollup.Row], theirs: dict[rollup.Key, rollup.Row]
) -> dict[rollup.Key, tuple[rollup.Row | None, rollup.Row | None]]:
    """Return the rows that are not the same, ours first."""
    keys = ours.keys() | theirs.keys()
    return {key: (ours.get(key), theirs.get(key)) for key in keys if ours.get(key) != theirs.get(key)}


def quota_differences(machine: Machine, truth: Truth) -> dict[quota.Key, object]:
    """Return the rows of quotas that are not the model's; those of a period that is over may be gone."""
    progress, shown_rows = shown_quotas(machine.topics.quotas)
    ours = {key: plain(row) for key, row in shown_rows.items()}
    theirs, newest_ms = truth.quotas_at[progress], truth.newest_ms_at[progress]
    return {
        key: (ours.get(key), theirs.get(key))
        for key in ours.keys() | theirs.keys()
        if ours.get(key) != theirs.get(key)
        and (key in ours or isinstance(key, rollup.ProgressKey) or key.end_ms > newest_ms)
    }


def told(machine: Machine) -> set[tuple[quota.UsedKey, int, int]]:
    """Return (key, limit, percentage) of every alert; each repetition of one must say the same."""
    values: dict[bytes, bytes] = {}
    found = set()
    for record in machine.topics.alerts:
        assert values.setdefault(record.key, record.value) == record.value
        alert = decode_alert(record.value)
        assert isinstance(alert, QuotaThresholdReached)
        span = alert.period_start_ms, alert.period_end_ms
        key = quota.UsedKey(alert.tenant, alert.customer, alert.meter, *span)
        found.add((key, alert.limit_micro, alert.percent))
    assert len(found) == len(values)
    return found


def assert_agree(machine: Machine, truth: Truth) -> None:
    """Hold everything on the topics against the model."""
    progress, rows = shown(machine.topics.rollups)
    assert progress == truth.records[-1].offset
    assert differences(rows, truth.model.rows()) == {}
    assert shown_quotas(machine.topics.quotas)[0] == progress
    assert quota_differences(machine, truth) == {}
    assert truth.model.crossed(surely=True) <= told(machine) <= truth.model.crossed(surely=False)
    assert by_offset(machine.topics.verdicts) == truth.verdict_values()
    assert {k: v for k, v in by_offset(machine.topics.seen).items() if v} == truth.seen_values()
    dead = {record.key for record in machine.topics.dead_letters}
    assert dead == {f"{TOPIC}/{PARTITION}/{offset}".encode() for offset in truth.model.dead_letters}


@settings(max_examples=300, deadline=None)
@given(
    catalogs(),
    plans.map(records_of),
    st.lists(st.integers(1, 5), min_size=20, max_size=20),
    starts,
    table_slots,
    few_events,
    st.booleans(),
)
def test_any_batches_come_to_what_the_model_says(
    catalog: Catalog,
    sent: list[Sent],
    sizes: list[int],
    start: int,
    slots: int,
    few: int,
    seals: bool,  # noqa: FBT001 -- Hypothesis draws it
) -> None:
    truth = Truth(catalog)
    machine = Machine(catalog, slots, few, start, seals=seals)
    for number, one in enumerate(sent):
        truth.append(one, start + number)
    rest = truth.records
    for size in sizes:
        batch, rest = rest[:size], rest[size:]
        if batch:
            machine.apply(batch)
            machine.drain()
    assert_agree(machine, truth)
    for verdicts in truth.model.verdicts.values():
        for verdict in verdicts:
            event(f"{verdict.fate} {verdict.code}")


@settings(max_examples=100, deadline=None)
@given(catalogs(), plans.map(records_of), starts, st.integers(0, 60))
def test_rows_written_before_a_crash_are_shown_by_no_progress_of_its_replay_too_early(
    catalog: Catalog, sent: list[Sent], start: int, kept: int
) -> None:
    truth = Truth(catalog)
    machine = Machine(catalog, 64, 24, start)
    for number, one in enumerate(sent):
        truth.append(one, start + number)
    machine.apply(truth.records)
    machine.acknowledge(0)
    machine.crash([kept])
    for record in truth.records[machine.next_offset - start :]:
        machine.apply([record])
        machine.drain()
        progress, rows = shown(machine.topics.rollups)
        assert differences(rows, truth.rows_at[progress]) == {}
    assert_agree(machine, truth)


@settings(max_examples=100, deadline=None)
@given(catalogs(), plans.map(records_of), starts, st.integers(1, 5), st.integers(0, 4), st.integers(0, 60))
def test_rows_kept_on_disk_with_batches_under_way_are_a_start_like_any_other(
    catalog: Catalog, sent: list[Sent], start: int, size: int, acknowledged: int, kept: int
) -> None:
    truth = Truth(catalog)
    machine = Machine(catalog, 64, 24, start)
    for number, one in enumerate(sent):
        truth.append(one, start + number)
    for first in range(0, len(truth.records), size):
        machine.apply(truth.records[first : first + size])
        if len(machine.in_flight) == 2:
            for _ in range(acknowledged):
                machine.acknowledge(0)
            machine.keep_rows()
            break
    machine.crash([kept])
    while waiting := truth.records[machine.next_offset - start :]:
        machine.apply(waiting[:size])
        machine.drain()
    assert_agree(machine, truth)


class Crashes(RuleBasedStateMachine):
    """Records come, batches are applied, acknowledged in steps, and lost, in any order."""

    @initialize(catalog=catalogs(), start=starts, slots=table_slots, few=few_events, seals=st.booleans())
    def begin(self, catalog: Catalog, start: int, slots: int, few: int, *, seals: bool) -> None:
        self.start = start
        self.truth = Truth(catalog)
        self.machine = Machine(catalog, slots, few, start, seals=seals)
        self.newest_ms = START_MS
        self.looked_at = 0, 0

    @rule(plan=plans)
    def come(self, plan: list[tuple[int, int, int]]) -> None:
        for sent in records_of(plan[:4], self.newest_ms):
            self.truth.append(sent, self.start + len(self.truth.records))
            self.newest_ms = max(self.newest_ms, sent.recorded_at_ms)

    @precondition(lambda self: len(self.machine.in_flight) < 2 and self.waiting())
    @rule(size=st.integers(1, 4))
    def apply(self, size: int) -> None:
        self.machine.apply(self.waiting()[:size])

    @precondition(lambda self: self.machine.in_flight)
    @rule(which=st.integers(0, 1))
    def acknowledge(self, which: int) -> None:
        self.machine.acknowledge(which)

    @rule(kept=st.lists(st.integers(0, 4), max_size=6))
    def crash(self, kept: list[int]) -> None:
        self.machine.crash(kept)

    @rule()
    def seal(self) -> None:
        self.machine.seal()

    @rule()
    def keep_rows(self) -> None:
        self.machine.keep_rows()

    def waiting(self) -> list[SourceRecord]:
        return self.truth.records[self.machine.next_offset - self.start :]

    @invariant()
    def every_progress_shows_one_point_of_the_log(self) -> None:
        ends = len(self.machine.topics.rollups), len(self.machine.topics.quotas)
        if ends == self.looked_at:
            return
        self.looked_at = ends
        progress, rows = shown(self.machine.topics.rollups)
        assert differences(rows, self.truth.rows_at[progress]) == {}
        assert quota_differences(self.machine, self.truth) == {}

    def teardown(self) -> None:
        if not self.truth.records:
            return
        self.machine.drain()
        while waiting := self.waiting():
            self.machine.apply(waiting[:3])
            self.machine.drain()
        assert_agree(self.machine, self.truth)


TestCrashes: Any = Crashes.TestCase
TestCrashes.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
