"""The first look at a record: what is refused, what no meter measures, what goes on to dedupe."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from processors.stream.core.records import SourceRecord
from processors.usage.core.plans import Plan, Plans
from schemas.admission import text_fault
from schemas.catalog import Catalog
from schemas.errors import Reject
from schemas.event import NO_QUANTITY, NOT_GIVEN
from schemas.horizon import beyond_horizon, too_far_ahead
from schemas.meters import ValueMissing
from schemas.pack import Pack
from schemas.partition import partition_of
from schemas.source_record import read_record
from schemas.verdict import Fate, Refusal, Verdict


class Turned(NamedTuple):
    """An event that ends here: refused or unmatched."""

    verdict: Verdict
    #: What it is booked under; empty where its own texts cannot be trusted.
    tenant: str
    event_type: str
    occurred_at_ms: int


class Screened(NamedTuple):
    """A record after the first look."""

    record: SourceRecord
    #: None where nothing goes on.
    pack: Pack | None
    #: Where each event of the pack stands in the record.
    places: Sequence[int]
    occurred_ms: Sequence[int]
    #: Events of the pack that go on, in order.
    passing: Sequence[int]
    turned: list[Turned]
    #: Why the record as a whole could not be read; it belongs to the dead letters.
    unreadable: str = ""


class Screen:
    """Screens the records of one partition."""

    def __init__(self, topic: str, partition: int, partitions: int, horizon_ms: int, plans: Plans) -> None:
        """Know which *partition* of *topic* this is, of how many, and the dedupe horizon."""
        self._plans = plans
        self._topic = topic
        self._partition = partition
        self._partitions = partitions
        self._horizon_ms = horizon_ms
        self._belongs = lru_cache(maxsize=100_000)(self._check_series)

    def screen(self, record: SourceRecord, catalog: Catalog) -> Screened:
        """Return what becomes of *record* under *catalog*. Raises UnknownPackVersion."""
        skipped = (self._topic, self._partition, record.offset) in catalog.skips
        try:
            events = read_record(record.value, record.headers, record.recorded_at_ms)
        except Reject as error:
            code = Refusal.SKIPPED if skipped else Refusal.UNREADABLE
            turned = [_untrusted(0, code, record)]
            return Screened(record, None, (), (), (), turned, "" if skipped else str(error))
        turned = [_untrusted(place, Refusal.INVALID, record) for place in events.invalid]
        pack = events.pack
        if pack is None:
            return Screened(record, None, (), (), (), turned)
        occurred_ms = _occurred(pack, record.recorded_at_ms)
        if skipped:
            refusals: dict[int, Refusal | None] = dict.fromkeys(range(pack.count), Refusal.SKIPPED)
        else:
            refusals = self._refusals(pack, occurred_ms, record.recorded_at_ms, catalog)
        if not refusals:
            return Screened(record, pack, events.places, occurred_ms, range(pack.count), turned)
        turned += [
            _turned(pack, events.places[index], occurred_ms, record, index, code)
            for index, code in refusals.items()
        ]
        passing = [index for index in range(pack.count) if index not in refusals]
        return Screened(record, pack, events.places, occurred_ms, passing, turned)

    def _refusals(
        self, pack: Pack, occurred_ms: Sequence[int], recorded_at_ms: int, catalog: Catalog
    ) -> dict[int, Refusal | None]:
        """Return why events end here, by index; None: no meter measures them."""
        refusals: dict[int, Refusal | None] = {}
        self._refuse_texts(pack, refusals)
        faulty = {
            index: fault
            for index, series in enumerate(pack.series)
            if (fault := self._belongs(*series)) is not None
        }
        if faulty:
            for index, series_index in enumerate(pack.series_index):
                if series_index in faulty:
                    refusals.setdefault(index, faulty[series_index])
        self._refuse_times(occurred_ms, recorded_at_ms, refusals)
        self._refuse_values(pack, occurred_ms, catalog, refusals)
        return refusals

    def _refuse_texts(self, pack: Pack, refusals: dict[int, Refusal | None]) -> None:
        bad_sources = {i for i, s in enumerate(pack.sources) if text_fault("/source", s)}
        if bad_sources:
            for index, source in enumerate(pack.source_index):
                if source in bad_sources:
                    refusals.setdefault(index, Refusal.INVALID)
        if isinstance(pack.ids, list):
            for index, text in enumerate(pack.ids):
                if text_fault("/id", text):
                    refusals.setdefault(index, Refusal.INVALID)

    def _refuse_times(
        self, occurred_ms: Sequence[int], recorded_at_ms: int, refusals: dict[int, Refusal | None]
    ) -> None:
        if beyond_horizon(min(occurred_ms), recorded_at_ms, self._horizon_ms):
            for index, at_ms in enumerate(occurred_ms):
                if beyond_horizon(at_ms, recorded_at_ms, self._horizon_ms):
                    refusals.setdefault(index, Refusal.BEYOND_HORIZON)
        if too_far_ahead(max(occurred_ms), recorded_at_ms):
            for index, at_ms in enumerate(occurred_ms):
                if too_far_ahead(at_ms, recorded_at_ms):
                    refusals.setdefault(index, Refusal.TOO_FAR_AHEAD)

    def _refuse_values(
        self,
        pack: Pack,
        occurred_ms: Sequence[int],
        catalog: Catalog,
        refusals: dict[int, Refusal | None],
    ) -> None:
        """Refuse what its meters cannot measure, and mark what no meter measures."""
        meters = catalog.meters_at(min(occurred_ms))
        one_version = meters is catalog.meters_at(max(occurred_ms))
        if one_version and min(pack.quantity_micro) != NO_QUANTITY and not refusals:
            plans = [self._plans.plan(meters, series[2]) for series in pack.series]
            if all(plan and all(m.factor is not None for m in plan) for plan in plans):
                return
        for index, series_index in enumerate(pack.series_index):
            if index in refusals:
                continue
            meters = catalog.meters_at(occurred_ms[index])
            plan = self._plans.plan(meters, pack.series[series_index][2])
            if not plan:
                refusals[index] = None
            elif not _is_measurable(plan, pack.quantity_micro[index], pack.rest(index)):
                refusals[index] = Refusal.NO_VALUE

    def _check_series(self, tenant: str, customer: str, event_type: str) -> Refusal | None:
        """Hold a series against the rules of the door, which a direct producer did not pass."""
        if any(text_fault("/series", text) for text in (tenant, customer, event_type)):
            return Refusal.INVALID
        if partition_of(tenant, customer, self._partitions) != self._partition:
            return Refusal.WRONG_PARTITION
        return None


def _is_measurable(plan: Plan, quantity_micro: int, rest: bytes) -> bool:
    try:
        for measured in plan:
            measured.value(quantity_micro, rest)
    except ValueMissing:
        return False
    return True


def _occurred(pack: Pack, recorded_at_ms: int) -> Sequence[int]:
    if min(pack.given_ms) != NOT_GIVEN:
        return pack.given_ms
    return [recorded_at_ms if at == NOT_GIVEN else at for at in pack.given_ms]


def _untrusted(place: int, code: Refusal, record: SourceRecord) -> Turned:
    return Turned(Verdict(place, Fate.REFUSED, code), "", "", record.recorded_at_ms)


def _turned(
    pack: Pack,
    place: int,
    occurred_ms: Sequence[int],
    record: SourceRecord,
    index: int,
    code: Refusal | None,
) -> Turned:
    if code is Refusal.INVALID:
        return _untrusted(place, code, record)
    tenant, _, event_type = pack.series[pack.series_index[index]]
    verdict = Verdict(place, Fate.UNMATCHED) if code is None else Verdict(place, Fate.REFUSED, code)
    return Turned(verdict, tenant, event_type, occurred_ms[index])
