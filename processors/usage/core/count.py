"""Counting one record: each event that is no copy goes into its rows, once, whatever is replayed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from processors.usage.core.dedupe import Copies
from processors.usage.core.lines import Line, Lines
from processors.usage.core.periods import Periods
from processors.usage.core.quota_table import QuotaTable
from processors.usage.core.recipes import EVERYBODY, Choice, Recipes
from processors.usage.core.rows import FatesRow, UsageRow
from processors.usage.core.screen import Screened, Turned
from processors.usage.core.stamping import stamping
from processors.usage.core.table import UsageTable
from processors.usage.core.tally import Tally
from processors.usage.core.windowing import Window
from schemas.catalog import Catalog
from schemas.instant import day_of
from schemas.pack import Pack
from schemas.period import MONTH, span_at
from schemas.verdict import Fate, Verdict
from schemas.windows import NOT_LATE, Arrival, arrival, window_start


class RecordCount:
    """One screened record on its way into the table."""

    def __init__(
        self,
        table: UsageTable,
        quotas: QuotaTable,
        recipes: Recipes,
        periods: Periods,
        screened: Screened,
        stamp: int,
        catalog: Catalog,
        tally: Tally,
    ) -> None:
        """Count into *table* and *quotas* under the record's *stamp*.

        It is measured by *recipes* of *catalog*, for the quotas of *periods*.
        """
        self._table = table
        self._quotas = quotas
        self._recipes = recipes
        self._periods = periods
        self._screened = screened
        self._catalog = catalog
        self._tally = tally
        self._stamping = stamping(table, stamp)
        self._quota_stamping = stamping(quotas, stamp)
        self._recorded_at_ms = screened.record.recorded_at_ms
        self._arrival_day = day_of(self._recorded_at_ms)
        series = screened.pack.series if screened.pack else ()
        #: Tenant and event type of each series: what its events are booked under.
        self._names = [(tenant, event_type) for tenant, _, event_type in series]

    def run(self, copies: Copies) -> list[Verdict]:
        """Apply the record and return the verdicts on it; *copies* by index in its pack."""
        screened = self._screened
        verdicts = [self._turn(turned) for turned in screened.turned]
        pack = screened.pack
        if pack is not None:
            verdicts += self._copies(pack, copies)
            for start_ms, indexes in _counting(screened, copies):
                verdicts += self._count(pack, start_ms, indexes)
        self._tally.records += 1
        verdicts.sort(key=lambda verdict: verdict.index)
        return verdicts

    def _count(self, pack: Pack, start_ms: int, indexes: Sequence[int]) -> list[Verdict]:
        """Count the events *indexes*, all of the window that starts at *start_ms*."""
        meters = self._catalog.meters_at(start_ms)
        how = arrival(start_ms, self._recorded_at_ms, meters.grace_ms)
        day = self._arrival_day if how is Arrival.LATE else NOT_LATE
        recipes = self._recipes.by_event_type(meters)
        lines = self._table.lines(start_ms, day, recipes, self._periods)
        self._add(pack, indexes, lines)
        self._book(pack, start_ms, indexes, how)
        if how is not Arrival.LATE:
            return []
        places = self._screened.places
        return [Verdict(places[index], Fate.LATE) for index in indexes]

    def _add(self, pack: Pack, indexes: Sequence[int], lines: Lines) -> None:
        """Add the values of events to the rows of their series."""
        if self._screened.choices:
            self._add_chosen(pack, indexes, lines)
            return
        series, series_index = pack.series, pack.series_index
        occurred_ms, values = self._screened.occurred_ms, self._screened.values
        rows: dict[int, Sequence[tuple[UsageRow, int]]] = {}
        for index in indexes:
            place = series_index[index]
            line = rows.get(place)
            if line is None:
                line = rows[place] = self._open(lines[*series[place], EVERYBODY])
            at_ms, measured = occurred_ms[index], values[index]
            for row, meter in line:
                row.add(at_ms, measured[meter])

    def _add_chosen(self, pack: Pack, indexes: Sequence[int], lines: Lines) -> None:
        """Add the values of events to the rows of their series and groups."""
        screened = self._screened
        rows: dict[tuple[int, Choice], Sequence[tuple[UsageRow, int]]] = {}
        for index in indexes:
            place, choice = pack.series_index[index], screened.choices.get(index, EVERYBODY)
            line = rows.get((place, choice))
            if line is None:
                line = rows[place, choice] = self._open(lines[*pack.series[place], choice])
            at_ms, measured = screened.occurred_ms[index], screened.values[index]
            for row, meter in line:
                row.add(at_ms, measured[meter])

    def _open(self, line: Line) -> Sequence[tuple[UsageRow, int]]:
        """Return the rows to count into, each with the place of its meter among those that count an event."""
        usage = self._stamping.open(line.usage)
        if self._recorded_at_ms < line.until_ms:
            used = self._quota_stamping.open(line.used)
            if usage is line.usage and used is line.used:
                return line.counted  # no replay: nearly always
            places = line.places
        else:
            # A quota that is over has nothing left to say.
            current = [
                (row, place)
                for row, place in zip(line.used, line.places, strict=True)
                if row.about.end_ms > self._recorded_at_ms
            ]
            used = self._quota_stamping.open([row for row, _ in current])
            places = [place for _, place in current]
        opened: list[tuple[UsageRow, int]] = [(row, place) for place, row in enumerate(usage)]
        opened += zip(used, places, strict=True)
        return opened

    def _book(self, pack: Pack, start_ms: int, indexes: Sequence[int], how: Arrival) -> None:
        """Count the fates of the events *indexes*, all of one window."""
        names, series_index = self._names, pack.series_index
        by_type = Counter([names[series_index[index]] for index in indexes])
        rows = self._stamping.open(self._table.fates_rows(start_ms, self._arrival_day, by_type))
        self._book_tenants(start_ms, by_type)
        is_late, is_in_grace = how is Arrival.LATE, how is Arrival.IN_GRACE
        for row, count in zip(rows, by_type.values(), strict=True):
            if is_late:
                row.late += count
            else:
                row.counted += count
                row.in_grace += count * is_in_grace
        total = len(indexes)
        self._tally.fates[Fate.LATE if is_late else Fate.COUNTED] += total
        self._tally.in_grace += total * is_in_grace

    def _book_tenants(self, start_ms: int, by_type: Mapping[tuple[str, str], int]) -> None:
        """Count the events of each tenant in the month of their window, as long as it is not over."""
        month = span_at(MONTH, start_ms)
        if month.end_ms <= self._recorded_at_ms:
            return
        tenants: Counter[str] = Counter()
        for (tenant, _), count in by_type.items():
            tenants[tenant] += count
        rows = self._quota_stamping.open(self._quotas.events_rows(tenants, month))
        for row, count in zip(rows, tenants.values(), strict=True):
            row.events += count

    def _copies(self, pack: Pack, copies: Copies) -> list[Verdict]:
        verdicts = []
        for index, copy in copies.items():
            fate = Fate.CONFLICT if copy.conflicts else Fate.DUPLICATE
            tenant, event_type = self._names[pack.series_index[index]]
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


def _counting(screened: Screened, copies: Copies) -> Iterator[Window]:
    """Yield the windows of *screened* with the events that count: those that passed and are no copies."""
    if len(screened.passing) == len(screened.occurred_ms) and not copies:
        yield from screened.windows
        return
    counting = set(screened.passing).difference(copies)
    for start_ms, indexes in screened.windows:
        if remaining := [index for index in indexes if index in counting]:
            yield Window(start_ms, remaining)
