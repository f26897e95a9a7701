"""Counting one record: each event that is no copy goes into its rows, once, whatever is replayed."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from processors.usage.core.dedupe import Copies
from processors.usage.core.plans import Measured, Plans
from processors.usage.core.rows import FatesRow, UsageRow
from processors.usage.core.screen import Screened, Turned
from processors.usage.core.stamping import stamping
from processors.usage.core.table import UsageTable
from processors.usage.core.tally import Tally
from schemas.catalog import Catalog, MeterSet
from schemas.event import NO_QUANTITY
from schemas.instant import day_of
from schemas.pack import Pack
from schemas.verdict import Fate, Verdict
from schemas.windows import NOT_LATE, Arrival, arrival, window_start


class RecordCount:
    """One screened record on its way into the table."""

    def __init__(
        self,
        table: UsageTable,
        plans: Plans,
        screened: Screened,
        stamp: int,
        catalog: Catalog,
        tally: Tally,
    ) -> None:
        """Count into *table* under the record's *stamp*, measuring by *plans* of *catalog*."""
        self._table = table
        self._plans = plans
        self._screened = screened
        self._catalog = catalog
        self._tally = tally
        self._stamping = stamping(table, stamp)
        self._recorded_at_ms = screened.record.recorded_at_ms
        self._arrival_day = day_of(self._recorded_at_ms)

    def run(self, copies: Copies) -> list[Verdict]:
        """Apply the record and return the verdicts on it; *copies* by index in its pack."""
        screened = self._screened
        verdicts = [self._turn(turned) for turned in screened.turned]
        pack = screened.pack
        if pack is not None:
            verdicts += self._copies(pack, copies)
            passing = screened.passing
            if copies:
                passing = [index for index in passing if index not in copies]
            for start_ms, indexes in self._windows(passing):
                verdicts += self._count(pack, start_ms, indexes)
        self._tally.records += 1
        verdicts.sort(key=lambda verdict: verdict.index)
        return verdicts

    def _windows(self, indexes: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
        """Yield each window's start with the events that fall into it, in log order."""
        if not indexes:
            return
        occurred_ms = self._screened.occurred_ms
        start_ms = window_start(min(occurred_ms))
        if start_ms == window_start(max(occurred_ms)):
            yield start_ms, indexes
            return
        windows: dict[int, list[int]] = {}
        for index in indexes:
            windows.setdefault(window_start(occurred_ms[index]), []).append(index)
        yield from windows.items()

    def _count(self, pack: Pack, start_ms: int, indexes: Sequence[int]) -> list[Verdict]:
        """Count the events *indexes*, all of the window that starts at *start_ms*."""
        meters = self._catalog.meters_at(start_ms)
        how = arrival(start_ms, self._recorded_at_ms, meters.grace_ms)
        day = self._arrival_day if how is Arrival.LATE else NOT_LATE
        events = Counter(map(pack.series_index.__getitem__, indexes))
        self._add(pack, indexes, self._lines(pack, events, meters, start_ms, day))
        self._book(pack, start_ms, events, how)
        if how is not Arrival.LATE:
            return []
        places = self._screened.places
        return [Verdict(places[index], Fate.LATE) for index in indexes]

    def _lines(
        self, pack: Pack, used: Collection[int], meters: MeterSet, start_ms: int, day: int
    ) -> dict[int, list[tuple[UsageRow, Measured]]]:
        """Return the rows of each series in *used*, by its index, with how to measure for them."""
        plans = self._plans.by_event_type(meters)
        series = pack.series
        wanted = [(index, measured) for index in used for measured in plans[series[index][2]]]
        names = [(series[index][0], series[index][1], measured.meter.name) for index, measured in wanted]
        rows = self._stamping.open(self._table.usage_rows(start_ms, day, names))
        lines: dict[int, list[tuple[UsageRow, Measured]]] = {index: [] for index in used}
        for (index, measured), row in zip(wanted, rows, strict=True):
            lines[index].append((row, measured))
        return lines

    def _add(
        self, pack: Pack, indexes: Sequence[int], lines: Mapping[int, Sequence[tuple[UsageRow, Measured]]]
    ) -> None:
        """Add the values of events to the rows of their series."""
        occurred_ms = self._screened.occurred_ms
        quantities, series_index = pack.quantity_micro, pack.series_index
        for index in indexes:
            at_ms, quantity = occurred_ms[index], quantities[index]
            for row, (meter, factor) in lines[series_index[index]]:
                if factor is None or quantity == NO_QUANTITY:
                    row.add(at_ms, meter.measure(quantity, pack.rest(index)))
                else:
                    row.add(at_ms, quantity * factor)

    def _book(self, pack: Pack, start_ms: int, events: Mapping[int, int], how: Arrival) -> None:
        """Count the fates of *events*, numbers by series, of one window."""
        by_type: dict[tuple[str, str], int] = {}
        for index, count in events.items():
            tenant, _, event_type = pack.series[index]
            name = (tenant, event_type)
            by_type[name] = by_type.get(name, 0) + count
        rows = self._stamping.open(self._table.fates_rows(start_ms, self._arrival_day, by_type))
        is_late, is_in_grace = how is Arrival.LATE, how is Arrival.IN_GRACE
        for row, count in zip(rows, by_type.values(), strict=True):
            if is_late:
                row.late += count
            else:
                row.counted += count
                row.in_grace += count * is_in_grace
        total = sum(by_type.values())
        self._tally.fates[Fate.LATE if is_late else Fate.COUNTED] += total
        self._tally.in_grace += total * is_in_grace

    def _copies(self, pack: Pack, copies: Copies) -> list[Verdict]:
        verdicts = []
        for index, copy in copies.items():
            fate = Fate.CONFLICT if copy.conflicts else Fate.DUPLICATE
            tenant, _, event_type = pack.series[pack.series_index[index]]
            fates = self._fates(tenant, event_type, self._screened.occurred_ms[index])
            fates.conflict += copy.conflicts
            fates.duplicate += not copy.conflicts
            self._tally.fates[fate] += 1
            verdicts.append(Verdict(self._screened.places[index], fate, "", copy.first_offset))
        return verdicts

    def _turn(self, turned: Turned) -> Verdict:
        fates = self._fates(turned.tenant, turned.event_type, turned.occurred_at_ms)
        refused = turned.verdict.fate is Fate.REFUSED
        fates.refused += refused
        fates.unmatched += not refused
        self._tally.fates[turned.verdict.fate] += 1
        return turned.verdict

    def _fates(self, tenant: str, event_type: str, at_ms: int) -> FatesRow:
        rows = self._table.fates_rows(window_start(at_ms), self._arrival_day, [(tenant, event_type)])
        return self._stamping.open(rows)[0]
