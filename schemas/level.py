"""The time-weighted sum: events state a level, and what is measured is the level times the hours it lasts.

Time is taken in full seconds: a level counts from the beginning of the second of its event. Of several in
one second the last one counts; of several in its last millisecond the highest: no order of arrival matters.

A row keeps the points of its own hour. What lasts into the hours behind it nobody writes: readers carry it
over (`Timeline`), since a late event would change every hour up to the next one that has a point.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Final, NamedTuple, cast

import msgspec

from schemas.aggregate import Rule
from schemas.errors import MALFORMED, Reject
from schemas.instant import HOUR_MS, MINUTE_MS, SECOND_MS
from schemas.partial import Partial
from schemas.sketch import Sketch

#: A page has the points of five minutes: at most 300.
_PAGE_MS: Final = 5 * MINUTE_MS
SECONDS_PER_HOUR: Final = HOUR_MS // SECOND_MS


class _Points(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    #: Within the hour, one at most of each second, in order.
    at_ms: list[int]
    levels: list[int]


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Points).decode


class LevelPage:
    """The levels that were stated in five minutes of an hour, by second."""

    __slots__ = ("is_exact", "points")

    def __init__(self, points: Iterable[tuple[int, int]] = ()) -> None:
        """Start with *points*: milliseconds within the hour, and the level stated then."""
        #: By second.
        self.points = {at_ms // SECOND_MS: (at_ms, level) for at_ms, level in points}
        self.is_exact = True

    @property
    def entries(self) -> int:
        """Return 0: there are never so many that they would have to be forgotten."""
        return 0

    def add(self, value: int, times: int = 1) -> bool:  # noqa: ARG002 -- once is enough
        """See `schemas.sketch.Page`."""
        level, at_ms = divmod(value, HOUR_MS)
        return self._state((at_ms, level))

    def blur(self) -> None:
        """Keep everything: see `entries`."""

    def merge(self, other: "LevelPage") -> None:
        """See `schemas.sketch.Page`."""
        for point in other.points.values():
            self._state(point)

    def encode(self) -> bytes:
        """See `schemas.sketch.Page`."""
        points = [self.points[second] for second in sorted(self.points)]
        return _encode(_Points([at_ms for at_ms, _ in points], [level for _, level in points]))

    def _state(self, point: tuple[int, int]) -> bool:
        second = point[0] // SECOND_MS
        known = self.points.get(second)
        if known is not None and known >= point:
            return False
        self.points[second] = point
        return True


class _Levels:
    """See `schemas.sketch.Kind`. A value is a level and when it was stated, in one number."""

    has_amounts = True
    has_times = True

    def entry_of(self, at_ms: int, value: int) -> int:
        return value * HOUR_MS + at_ms % HOUR_MS

    def page_of(self, value: int) -> int:
        return value % HOUR_MS // _PAGE_MS

    def page(self, number: int) -> LevelPage:  # noqa: ARG002 -- an empty page is like any other
        return LevelPage()

    def read(self, number: int, content: bytes) -> LevelPage:
        try:
            found = _decode(content)
        except MALFORMED as error:
            raise Reject(f"not page {number} of levels: {error}") from None
        if not self._are_of_page(found, number):
            raise Reject(f"not page {number} of levels")
        return LevelPage(zip(found.at_ms, found.levels, strict=True))

    def _are_of_page(self, found: _Points, number: int) -> bool:
        at_ms, levels = found.at_ms, found.levels
        if not at_ms or len(at_ms) != len(levels) or min(levels) < 0:
            return False
        in_order = all(one // SECOND_MS < other // SECOND_MS for one, other in pairwise(at_ms))
        return in_order and at_ms[0] // _PAGE_MS == number == at_ms[-1] // _PAGE_MS and at_ms[-1] < HOUR_MS


class Point(NamedTuple):
    """A level, from a full second on."""

    at_ms: int
    level: int


class Stretch(NamedTuple):
    """A time in which a level lasts: [start, end), in full seconds."""

    start_ms: int
    end_ms: int
    level: int

    def level_seconds(self, start_ms: int, end_ms: int) -> int:
        """Return level times seconds of what lies within [start, end)."""
        lasts_ms = min(self.end_ms, end_ms) - max(self.start_ms, start_ms)
        return self.level * max(lasts_ms, 0) // SECOND_MS


class Timeline:
    """The level of one customer, meter and group, over hours with points and without."""

    def __init__(self, hours: Mapping[int, Sketch]) -> None:
        """Take the points of *hours*, by the hour's start."""
        self._points = [point for hour_ms in sorted(hours) for point in points_of(hour_ms, hours[hour_ms])]

    def stretches(self, until_ms: int, breaks_ms: Iterable[int] = ()) -> Iterator[Stretch]:
        """Yield what lasts how long: to the next point, the next of *breaks_ms* or, the last, *until_ms*."""
        breaks = sorted(breaks_ms)
        until_ms -= until_ms % SECOND_MS
        for place, point in enumerate(self._points):
            following = self._points[place + 1].at_ms if place + 1 < len(self._points) else until_ms
            broken = bisect_right(breaks, point.at_ms)
            end_ms = min([following, *breaks[broken : broken + 1]])
            if end_ms > point.at_ms:
                yield Stretch(point.at_ms, end_ms, point.level)


def points_of(hour_ms: int, sketch: Sketch) -> list[Point]:
    """Return the points of the hour that starts at *hour_ms*, in order."""
    return [
        Point(hour_ms + second * SECOND_MS, page.points[second][1])
        for number in sorted(sketch.pages)
        for page in (cast("LevelPage", sketch.pages[number]),)
        for second in sorted(page.points)
    ]


def own_level_seconds(sketch: Sketch | None) -> int:
    """Return what an hour is worth by itself, from its first point to its end: level times seconds."""
    if sketch is None:
        return 0
    return sum(each.level_seconds(0, HOUR_MS) for each in Timeline({0: sketch}).stretches(HOUR_MS))


def _amount(_partial: Partial, sketch: Sketch | None, scale: int) -> tuple[int, int]:
    return own_level_seconds(sketch), scale * SECONDS_PER_HOUR


KIND: Final = _Levels()
#: Of one hour of one customer and group, without what lasted into it.
TIME_WEIGHTED_SUM: Final = Rule(_amount, kind=KIND)
