"""Counting one record: each event that is no copy goes into its rows, once, whatever is replayed."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from processors.usage.core.plans import Plan, Plans
from processors.usage.core.rows import FatesRow, LiveRow, UsageRow
from processors.usage.core.screen import Screened, Turned
from processors.usage.core.seen_index import Copy
from processors.usage.core.table import UsageTable
from processors.usage.core.tally import Tally
from schemas.catalog import Catalog
from schemas.instant import day_of
from schemas.pack import Pack
from schemas.verdict import Fate, Verdict
from schemas.windows import NOT_LATE, Arrival, arrival, window_start

_Row = TypeVar("_Row", UsageRow, FatesRow)


class _Cell:
    """What the events of one series and window of a record share."""

    __slots__ = ("arrival", "events", "fates", "plan", "rows")

    def __init__(self, plan: Plan, rows: list[UsageRow | None], fates: FatesRow | None) -> None:
        self.plan = plan
        #: One a meter; None where this record was applied before, as a row of a replay can be.
        self.rows = rows
        #: None where this record was counted before.
        self.fates = fates
        self.arrival = Arrival.ON_TIME
        self.events = 0


class Counter:
    """Applies screened records of one partition to its table."""

    def __init__(self, table: UsageTable, plans: Plans) -> None:
        """Count into *table*, measuring by *plans*."""
        self._table = table
        self._plans = plans

    def count(
        self,
        screened: Screened,
        copies: Mapping[int, Copy],
        stamp: int,
        catalog: Catalog,
        tally: Tally,
    ) -> list[Verdict]:
        """Apply one record and return the verdicts on it; *copies* by index in its pack.

        A row whose stamp is not below *stamp* has this record in it: it is written down again,
        unchanged, since nobody knows whether it was before.
        """
        return _Application(self._table, self._plans, screened, stamp, catalog, tally).run(copies)


class _Application:
    """One record on its way into the table."""

    def __init__(
        self,
        table: UsageTable,
        plans: Plans,
        screened: Screened,
        stamp: int,
        catalog: Catalog,
        tally: Tally,
    ) -> None:
        self._table = table
        self._plans = plans
        self._screened = screened
        self._stamp = stamp
        self._catalog = catalog
        self._tally = tally
        self._recorded_at_ms = screened.record.recorded_at_ms
        self._arrival_day = day_of(self._recorded_at_ms)
        self._is_new: dict[LiveRow, bool] = {}

    def run(self, copies: Mapping[int, Copy]) -> list[Verdict]:
        screened = self._screened
        verdicts = [self._turn(turned) for turned in screened.turned]
        if screened.pack is not None:
            verdicts += self._copies(screened.pack, copies)
            passing: Sequence[int] = screened.passing
            if copies:
                passing = [index for index in passing if index not in copies]
            verdicts += self._count(screened.pack, passing)
        self._tally.records += 1
        verdicts.sort(key=lambda verdict: verdict.index)
        return verdicts

    def _count(self, pack: Pack, indexes: Sequence[int]) -> list[Verdict]:
        cells: dict[tuple[int, int], _Cell] = {}
        late: list[int] = []
        occurred_ms, quantities = self._screened.occurred_ms, pack.quantity_micro
        series_index = pack.series_index
        for index in indexes:
            at_ms = occurred_ms[index]
            where = (series_index[index], window_start(at_ms))
            cell = cells.get(where)
            if cell is None:
                cell = cells[where] = self._open(pack.series[where[0]], where[1])
            cell.events += 1
            if cell.arrival is Arrival.LATE:
                late.append(index)
            for measured, row in zip(cell.plan, cell.rows, strict=True):
                if row is not None:
                    rest = b"" if measured.factor is not None else pack.rest(index)
                    row.add(at_ms, measured.value(quantities[index], rest))
        for cell in cells.values():
            self._book(cell)
        places = self._screened.places
        return [Verdict(places[index], Fate.LATE) for index in late]

    def _open(self, series: tuple[str, str, str], start_ms: int) -> _Cell:
        tenant, customer, event_type = series
        meters = self._catalog.meters_at(start_ms)
        how = arrival(start_ms, self._recorded_at_ms, meters.grace_ms)
        plan = self._plans.plan(meters, event_type)
        day = self._arrival_day if how is Arrival.LATE else NOT_LATE
        rows = [
            self._fresh(self._table.usage_row(tenant, customer, m.meter.name, start_ms, day)) for m in plan
        ]
        fates = self._fresh(self._fates(tenant, event_type, start_ms))
        cell = _Cell(plan, rows, fates)
        cell.arrival = how
        return cell

    def _book(self, cell: _Cell) -> None:
        """Count the fates of a cell's events."""
        fate = Fate.LATE if cell.arrival is Arrival.LATE else Fate.COUNTED
        in_grace = cell.events if cell.arrival is Arrival.IN_GRACE else 0
        self._tally.fates[fate] += cell.events
        self._tally.in_grace += in_grace
        if cell.fates is None:
            return
        if fate is Fate.LATE:
            cell.fates.late += cell.events
        else:
            cell.fates.counted += cell.events
            cell.fates.in_grace += in_grace

    def _copies(self, pack: Pack, copies: Mapping[int, Copy]) -> list[Verdict]:
        verdicts = []
        for index, copy in copies.items():
            fate = Fate.CONFLICT if copy.conflicts else Fate.DUPLICATE
            tenant, _, event_type = pack.series[pack.series_index[index]]
            fates = self._fresh(
                self._fates(tenant, event_type, window_start(self._screened.occurred_ms[index]))
            )
            if fates is not None:
                fates.conflict += copy.conflicts
                fates.duplicate += not copy.conflicts
            self._tally.fates[fate] += 1
            verdicts.append(Verdict(self._screened.places[index], fate, "", copy.first_offset))
        return verdicts

    def _turn(self, turned: Turned) -> Verdict:
        fates = self._fresh(
            self._fates(turned.tenant, turned.event_type, window_start(turned.occurred_at_ms))
        )
        refused = turned.verdict.fate is Fate.REFUSED
        if fates is not None:
            fates.refused += refused
            fates.unmatched += not refused
        self._tally.fates[turned.verdict.fate] += 1
        return turned.verdict

    def _fates(self, tenant: str, event_type: str, hour_ms: int) -> FatesRow:
        return self._table.fates_row(tenant, event_type, hour_ms, self._arrival_day)

    def _fresh(self, row: _Row) -> _Row | None:
        """Stamp *row* and have it written down; return it if this record is not in it yet."""
        is_new = self._is_new.get(row)
        if is_new is None:
            is_new = self._is_new[row] = row.stamp < self._stamp
            if is_new:
                row.stamp = self._stamp
            self._table.touch(row)
        return row if is_new else None
