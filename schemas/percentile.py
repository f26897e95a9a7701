"""Percentiles: the values with their numbers while they are few, then numbers by bucket.

A percentile is the least value that so many per cent of all are not above: a value that was measured, never
one between two. Buckets are DDSketch's with its linearly interpolated mapping, in whole numbers: 64 to each
doubling, so that the middle of a bucket is less than 1/128 from every value in it. Buckets add up, so order
and merging change nothing, and the bucket of a percentile is the one in which the true value lies.
"""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from operator import add
from typing import Final, cast

import msgspec

from schemas.aggregate import Rule
from schemas.errors import MALFORMED, Reject
from schemas.partial import Partial
from schemas.sketch import Sketch

#: Buckets to each doubling: 2^6.
_BITS: Final = 6
#: A page has the buckets of two doublings.
_PAGE_BITS: Final = 7
_BUCKETS: Final = 1 << _PAGE_BITS

#: 1/128 = 0.0078.
_BOUND: Final = "0.008"
_PER_CENT: Final = 100


class _Exact(msgspec.Struct, array_like=True, frozen=True, tag="exact", forbid_unknown_fields=True):
    values: list[int]
    numbers: list[int]


class _Blurred(msgspec.Struct, array_like=True, frozen=True, tag="blurred", forbid_unknown_fields=True):
    #: Empty buckets before the first one that is not; and behind the last one there are more.
    empty: int
    numbers: list[int]


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Exact | _Blurred).decode


class ValuesPage:
    """The values of 128 neighbouring buckets."""

    __slots__ = ("buckets", "is_exact", "values")

    def __init__(self, values: Mapping[int, int] | None = None, buckets: Iterable[int] | None = None) -> None:
        """Start with *values* and how often each came; or blurred, with a number for each bucket."""
        self.values = dict(values or {})
        #: Numbers of values; None while the page is exact.
        self.buckets = None if buckets is None else list(buckets)
        self.is_exact = buckets is None

    @property
    def entries(self) -> int:
        """See `schemas.sketch.Page`."""
        return len(self.values)

    @property
    def numbers(self) -> Mapping[int, int]:
        """How many values there are: by value, or of a blurred page by place of the bucket."""
        return self.values if self.buckets is None else dict(enumerate(self.buckets))

    def add(self, value: int, times: int = 1) -> bool:
        """See `schemas.sketch.Page`."""
        if self.buckets is None:
            self.values[value] = self.values.get(value, 0) + times
        else:
            self.buckets[_bucket(value) & _BUCKETS - 1] += times
        return True

    def blur(self) -> None:
        """See `schemas.sketch.Page`."""
        if self.buckets is None:
            self.buckets = [0] * _BUCKETS
            self.is_exact = False
            for value, times in self.values.items():
                self.add(value, times)
            self.values.clear()

    def merge(self, other: "ValuesPage") -> None:
        """See `schemas.sketch.Page`."""
        if other.buckets is None:
            for value, times in other.values.items():
                self.add(value, times)
            return
        self.blur()
        self.buckets = list(map(add, self.buckets or (), other.buckets))

    def encode(self) -> bytes:
        """See `schemas.sketch.Page`."""
        if self.buckets is None:
            values = sorted(self.values)
            return _encode(_Exact(values, [self.values[value] for value in values]))
        used = [place for place, number in enumerate(self.buckets) if number]
        return _encode(_Blurred(used[0], self.buckets[used[0] : used[-1] + 1]))


class _Values:
    """See `schemas.sketch.Kind`."""

    has_amounts = True
    has_times = False

    def entry_of(self, at_ms: int, value: int) -> int:  # noqa: ARG002 -- whenever it came
        return value

    def page_of(self, value: int) -> int:
        return _bucket(value) >> _PAGE_BITS

    def page(self, number: int) -> ValuesPage:  # noqa: ARG002 -- an empty page is like any other
        return ValuesPage()

    def read(self, number: int, content: bytes) -> ValuesPage:
        try:
            found = _decode(content)
        except MALFORMED as error:
            raise Reject(f"not page {number} of values: {error}") from None
        if isinstance(found, _Blurred):
            numbers, behind = found.numbers, _BUCKETS - found.empty - len(found.numbers)
            if min(found.empty, behind) >= 0 <= min(numbers, default=-1) and numbers[0] and numbers[-1]:
                return ValuesPage(buckets=[0] * found.empty + numbers + [0] * behind)
        elif self._are_of_page(found, number):
            return ValuesPage(dict(zip(found.values, found.numbers, strict=True)))
        raise Reject(f"not page {number} of values")

    def _are_of_page(self, found: _Exact, number: int) -> bool:
        values, numbers = found.values, found.numbers
        if not values or len(values) != len(numbers) or min(numbers) < 1 or values[0] < 0:
            return False
        in_order = all(one < other for one, other in pairwise(values))
        return in_order and self.page_of(values[0]) == number == self.page_of(values[-1])


def _bucket(value: int) -> int:
    """Return the bucket of *value*; below 128 each value has its own."""
    doublings = value.bit_length() - _BITS - 1
    return value if doublings <= 0 else (doublings << _BITS) + (value >> doublings)


def _middle(bucket: int) -> tuple[int, int]:
    """Return the middle of the values in *bucket*, as numerator and denominator."""
    if bucket < _BUCKETS:
        return bucket, 1
    doublings = (bucket >> _BITS) - 1
    least = (bucket - (doublings << _BITS)) << doublings
    return 2 * least + (1 << doublings) - 1, 2


def _ranked(sketch: Sketch, per_cent: int) -> tuple[int, int]:
    """Return the least value that *per_cent* of all are not above, as numerator and denominator."""
    by_place = {
        place if sketch.is_exact else (number << _PAGE_BITS) + place: times
        for number, page in sketch.pages.items()
        for place, times in cast("ValuesPage", page).numbers.items()
    }
    missing = -(-sum(by_place.values()) * per_cent // _PER_CENT)
    for place in sorted(by_place):
        missing -= by_place[place]
        if missing <= 0:
            return (place, 1) if sketch.is_exact else _middle(place)
    return 0, 1


def _rule(per_cent: int) -> Rule:
    def amount(_partial: Partial, sketch: Sketch | None, scale: int) -> tuple[int, int]:
        above, below = (0, 1) if sketch is None else _ranked(sketch, per_cent)
        return above, below * scale

    return Rule(amount, kind=KIND, bound=_BOUND)


KIND: Final = _Values()
P50: Final = _rule(50)
P95: Final = _rule(95)
P99: Final = _rule(99)
