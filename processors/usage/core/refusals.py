"""The rules that hold behind the door: why an event of a pack is refused or has no meter.

An event has one reason, the first of: its texts, the partition, its time, its meters.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from processors.usage.core.recipes import Choice, Recipes, Values
from processors.usage.core.windowing import Window
from schemas.admission import MAX_TEXT, text_fault
from schemas.catalog import Catalog
from schemas.horizon import beyond_horizon, too_far_ahead
from schemas.meters import ValueMissing
from schemas.pack import Pack
from schemas.partition import partition_of
from schemas.verdict import Refusal

#: Reasons by index in the pack; None: no meter measures the event.
Reasons = dict[int, Refusal | None]
#: By index in the pack, of the events that not all meters of their type count in one group.
Choices = Mapping[int, Choice]

#: As many series are remembered as good.
_REMEMBERED: Final = 100_000


class Rules:
    """What one partition accepts."""

    def __init__(self, partition: int, partitions: int, horizon_ms: int, recipes: Recipes) -> None:
        """Know which *partition* of how many this is, the dedupe horizon, and the meters' *recipes*."""
        self._partition = partition
        self._partitions = partitions
        self._horizon_ms = horizon_ms
        self._recipes = recipes
        self._good: set[tuple[str, str, str]] = set()

    def reasons(self, pack: Pack, occurred_ms: Sequence[int], recorded_at_ms: int) -> Reasons:
        """Return why events of *pack*, which occurred at *occurred_ms*, end here; {} is the usual case.

        What no meter measures is said by `measure`, behind this.
        """
        reasons = _untrusted(pack)
        self._refuse_series(pack, reasons)
        self._refuse_times(occurred_ms, recorded_at_ms, reasons)
        return reasons

    def _refuse_series(self, pack: Pack, reasons: Reasons) -> None:
        if self._good.issuperset(pack.series):
            return
        faults = {}
        for index, series in enumerate(pack.series):
            if series in self._good:
                continue
            fault = _unnameable(pack, index) or self._stranger(series)
            if fault is None:
                self._good.add(series)
            else:
                faults[index] = fault
        _refuse_where(faults, pack, reasons)
        if len(self._good) > _REMEMBERED:
            self._good.clear()

    def _stranger(self, series: tuple[str, str, str]) -> Refusal | None:
        tenant, customer, _ = series
        belongs = partition_of(tenant, customer, self._partitions) == self._partition
        return None if belongs else Refusal.WRONG_PARTITION

    def _refuse_times(self, occurred_ms: Sequence[int], recorded_at_ms: int, reasons: Reasons) -> None:
        if beyond_horizon(min(occurred_ms), recorded_at_ms, self._horizon_ms):
            for index, at_ms in enumerate(occurred_ms):
                if beyond_horizon(at_ms, recorded_at_ms, self._horizon_ms):
                    reasons.setdefault(index, Refusal.BEYOND_HORIZON)
        if too_far_ahead(max(occurred_ms), recorded_at_ms):
            for index, at_ms in enumerate(occurred_ms):
                if too_far_ahead(at_ms, recorded_at_ms):
                    reasons.setdefault(index, Refusal.TOO_FAR_AHEAD)

    def measure(
        self, pack: Pack, windows: Sequence[Window], catalog: Catalog, reasons: Reasons
    ) -> tuple[Sequence[Values], Choices]:
        """Return values and choice of each event of *pack*; add to *reasons* what cannot be measured."""
        values: list[Values] = [()] * pack.count
        choices: dict[int, Choice] = {}
        series, series_index, quantities = pack.series, pack.series_index, pack.quantity_micro
        rests = pack.each_rest()
        for start_ms, indexes in windows:
            recipes = self._recipes.by_event_type(catalog.meters_at(start_ms))
            for index in indexes:
                recipe = recipes.get(series[series_index[index]][2])
                if recipe is None:
                    reasons.setdefault(index, None)
                    continue
                quantity, rest = quantities[index], rests[index]
                try:
                    if not recipe.is_choosy:
                        values[index] = recipe.measure(quantity, rest)
                        continue
                    choice = recipe.choose(rest)
                    if choice is None:
                        reasons.setdefault(index, None)
                    else:
                        choices[index] = choice
                        values[index] = recipe.measure_chosen(choice, quantity, rest)
                except ValueMissing:
                    reasons.setdefault(index, Refusal.NO_VALUE)
        return values, choices


def _untrusted(pack: Pack) -> Reasons:
    """Return the events whose source or id the door would have refused."""
    reasons: Reasons = {}
    bad_sources = {i for i, source in enumerate(pack.sources) if text_fault("/source", source)}
    if bad_sources:
        for index, source in enumerate(pack.source_index):
            if source in bad_sources:
                reasons[index] = Refusal.INVALID
    if isinstance(pack.ids, list) and not _are_nameable(pack.ids):
        for index, text in enumerate(pack.ids):
            if text_fault("/id", text):
                reasons[index] = Refusal.INVALID
    return reasons


def _are_nameable(texts: Sequence[str]) -> bool:
    """Say of all texts at once what `text_fault` says of one."""
    return all(texts) and max(map(len, texts)) <= MAX_TEXT and "".join(texts).isprintable()


def _unnameable(pack: Pack, series_index: int) -> Refusal | None:
    is_bad = any(text_fault("/series", text) for text in pack.series[series_index])
    return Refusal.INVALID if is_bad else None


def _refuse_where(faults: dict[int, Refusal], pack: Pack, reasons: Reasons) -> None:
    """Refuse the events whose series has one of *faults*; bad texts go before everything else."""
    if not faults:
        return
    for index, series in enumerate(pack.series_index):
        fault = faults.get(series)
        if fault is Refusal.INVALID:
            reasons[index] = fault
        elif fault is not None:
            reasons.setdefault(index, fault)
