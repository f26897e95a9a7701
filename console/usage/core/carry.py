"""Carry-over: what levels are worth in each window, those in which nothing came included.

Rows hold points (`schemas.level`); here they become numbers. A level lasts until the next point of its
customer, meter and group, or until a version of the catalogue drops the meter or groups it otherwise; the
newest one only as far as the store is complete, since nobody knows what came then. What late events change is
a row of its own, as elsewhere: it may be less than nothing, and reaches as far as they do.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from console.usage.core.calendar import Bounds, Window, window_of
from console.usage.core.merge import StoredRow
from schemas.catalog import Catalog
from schemas.level import KIND, Timeline
from schemas.meters import Aggregation, Meter
from schemas.partial import NOTHING, Partial
from schemas.sketch import Sketch, merged, read_window
from schemas.windows import NOT_LATE

#: Late rows of a window come together: they have no day of their own.
_SOME_DAY: Final = -1


def is_of_levels(meter: Meter) -> bool:
    """Say whether the rows of *meter* need carry-over."""
    return meter.aggregation is Aggregation.TIME_WEIGHTED_SUM


class Carry:
    """Carry-over for the answers to one question."""

    def __init__(
        self, catalog: Catalog, window: Window, span: Bounds, complete_through_ms: int | None
    ) -> None:
        """Answer by *window* within *span*, whose edges are windows' edges."""
        self._catalog = catalog
        self._window = window
        self._span = span
        self._through_ms = complete_through_ms or 0

    def settled(self, rows: Sequence[StoredRow]) -> Iterator[StoredRow]:
        """Yield for each window what *rows* of one series are worth: a row of it, and a late one.

        *rows* are all of the span, and before it the newest of each group, those on time and any. Windows in
        which nothing came and nothing lasted are left out. The sums are level times seconds: it is
        `Meter.of_level_seconds` that answers for them.
        """
        if not rows:
            return
        meter, in_time = rows[0].meter, [row for row in rows if row.arrival_day == NOT_LATE]
        on_time = self._level_seconds(in_time, meter)
        everything = on_time if len(in_time) == len(rows) else self._level_seconds(rows, meter)
        came: dict[tuple[int, bool], list[Partial]] = defaultdict(list)
        for row in rows:
            if row.window_start_ms >= self._span.start_ms:
                start_ms = window_of(self._window, row.window_start_ms).start_ms
                came[start_ms, row.arrival_day != NOT_LATE].append(row.partial)
        starts_ms = {start_ms for start_ms, _ in came} | on_time.keys() | everything.keys()
        about = rows[0]._replace(pages=(), whole_group="")
        for start_ms in sorted(starts_ms):
            kept = on_time.get(start_ms, 0)
            changed = everything.get(start_ms, 0) - kept
            yield about._replace(
                window_start_ms=start_ms,
                arrival_day=NOT_LATE,
                partial=_of(came[start_ms, False], kept),
            )
            late = came[start_ms, True]
            if late or changed:
                yield about._replace(
                    window_start_ms=start_ms,
                    arrival_day=_SOME_DAY,
                    partial=_of(late, changed),
                )

    def _level_seconds(self, rows: Iterable[StoredRow], meter: str) -> Mapping[int, int]:
        """Return level times seconds by the window's start, of all groups together."""
        hours: dict[str, dict[int, list[StoredRow]]] = defaultdict(lambda: defaultdict(list))
        for row in rows:
            hours[row.whole_group][row.window_start_ms].append(row)
        found: Counter[int] = Counter()
        breaks_ms = breaks_of(self._catalog, meter)
        for of_group in hours.values():
            timeline = Timeline({hour_ms: _sketch(parts) for hour_ms, parts in of_group.items()})
            for stretch in timeline.stretches(min(self._through_ms, self._span.end_ms), breaks_ms):
                if stretch.level:
                    for window in self._windows(stretch.start_ms, stretch.end_ms):
                        found[window.start_ms] += stretch.level_seconds(*window)
        return found

    def _windows(self, start_ms: int, end_ms: int) -> Iterator[Bounds]:
        """Yield the windows of the span that [start, end) touches."""
        at_ms = max(start_ms, self._span.start_ms)
        while at_ms < end_ms:
            window = window_of(self._window, at_ms)
            yield window
            at_ms = window.end_ms


def breaks_of(catalog: Catalog, meter: str) -> list[int]:
    """Return when a version takes effect that has no such meter, or groups it otherwise than before."""
    # Of versions that take effect at once the last one holds.
    in_force = {version.effective_from_ms: version.by_name.get(meter) for version in catalog.meter_sets}
    return [
        from_ms
        for (_, before), (from_ms, after) in pairwise(in_force.items())
        if after is None or before is None or {*before.group_by} != {*after.group_by}
    ]


def _sketch(rows: Iterable[StoredRow]) -> Sketch:
    return merged(KIND, (read_window(KIND, row.pages) for row in rows))


def _of(partials: Iterable[Partial], level_seconds: int) -> Partial:
    """Return what so many level-seconds are, beside the events that came."""
    events = sum(partial.events for partial in partials)
    return msgspec.structs.replace(NOTHING, events=events, sum=level_seconds)
