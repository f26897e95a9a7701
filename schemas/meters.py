"""Meters: which events they measure, the exact value of one event, the answer of an aggregate.

State holds integers in a meter's finest source unit. An answer is one exact rational step away
from it, rounded once. So 0.1 GB and 107374182.4 bytes add up to the same whichever comes first.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cached_property
from operator import attrgetter
from typing import Final

import msgspec

from schemas.event import NO_QUANTITY
from schemas.groups import Filter, Sorter
from schemas.members import Members
from schemas.partial import Partial
from schemas.quantity import MICRO, TOTAL_DIGITS, QuantityError, format_ratio, parse_micro


class Aggregation(StrEnum):
    """How the values of a window become one number."""

    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    LATEST = "latest"


#: The number of a partial that is the answer by itself.
_KEPT: Final[Mapping[Aggregation, Callable[[Partial], int]]] = {
    Aggregation.SUM: attrgetter("sum"),
    Aggregation.MIN: attrgetter("min"),
    Aggregation.MAX: attrgetter("max"),
    Aggregation.FIRST: attrgetter("first"),
    Aggregation.LATEST: attrgetter("latest"),
}


class ValueMissing(ValueError):  # noqa: N818 -- a finding about an event, not a failure
    """An event has no usable value for its meter; `pointer` says where one was looked for."""

    def __init__(self, pointer: str, code: str, detail: str) -> None:
        """Keep what a receipt needs."""
        super().__init__(detail)
        self.pointer = pointer
        self.code = code


class Meter(msgspec.Struct, frozen=True, kw_only=True, dict=True, omit_defaults=True):
    """One thing that is measured."""

    name: str
    #: Events of this type, and no others, are measured.
    event_type: str
    aggregation: Aggregation = Aggregation.SUM
    #: What the answer counts, for people.
    unit: str = ""
    #: Different numeric members of `data`, by name or by a JSON pointer such as /data/usage/tokens, whose
    #: product is the value in source units. Where they are present they win over `quantity`, which is in
    #: `unit`.
    properties: tuple[str, ...] = ()
    #: Source units in one `unit`: 2^30 bytes in a GB, 3600 CPU seconds in a CPU-hour.
    per_unit: int = 1
    #: Whether an event without a quantity is worth 1.
    default_one: bool = False
    #: Conditions that an event has to meet, all of them, to count.
    filters: tuple[Filter, ...] = ()
    #: Properties by whose values usage is kept apart, by name or by a JSON pointer.
    group_by: tuple[str, ...] = ()

    @property
    def is_choosy(self) -> bool:
        """Whether events differ in more than their value: some do not count, or count apart."""
        return bool(self.filters or self.group_by)

    def group_of(self, rest: bytes) -> str | None:
        """Return the group of an event (see `schemas.groups`); None: a filter leaves it out.

        Raises ValueMissing.
        """
        if not self.is_choosy:
            return ""
        try:
            return self._sorter.group_of(rest)
        except ValueError as error:
            raise ValueMissing("/data", "data_invalid", str(error)) from None

    @cached_property
    def scale(self) -> int:
        """State integers in one `unit`: every factor of a value brings its own millionths."""
        return self.per_unit * int(MICRO ** max(1, len(self.properties)))

    def measure(self, quantity_micro: int, rest: bytes) -> int:
        """Return the value of an event as a state integer. Raises ValueMissing."""
        if self.properties and (value := self._from_properties(rest)) is not None:
            return value
        if quantity_micro != NO_QUANTITY:
            return quantity_micro * (self.scale // MICRO)
        if self.default_one or self.aggregation is Aggregation.COUNT:
            return self.scale
        wanted = " and ".join(_pointer(place) for place in self.properties)
        raise ValueMissing(
            "/quantity",
            "quantity_missing",
            f"meter {self.name!r} needs a quantity" + (f", or {wanted}" if wanted else ""),
        )

    def amount(self, partial: Partial) -> tuple[int, int]:
        """Return what *partial* amounts to in `unit`, exactly: numerator and denominator."""
        match self.aggregation:
            case Aggregation.COUNT:
                return partial.events, 1
            case Aggregation.AVG:
                return partial.sum, self.scale * max(1, partial.events)
            case _:
                return _KEPT[self.aggregation](partial), self.scale

    def answer(self, partial: Partial) -> str:
        """Return what *partial* amounts to in `unit`, as decimal text."""
        return format_ratio(*self.amount(partial))

    def _from_properties(self, rest: bytes) -> int | None:
        """Return the product of the source properties; None where none of them is there."""
        if not rest:
            return None
        try:
            members = self._source.read(rest)
        except ValueError as error:
            raise ValueMissing("/data", "data_invalid", str(error)) from None
        if members.count(None) == len(members):
            return None
        value = 1
        for place, member in zip(self.properties, members, strict=True):
            if member is None:
                raise ValueMissing(
                    _pointer(place),
                    "property_missing",
                    f"meter {self.name!r} needs {' and '.join(self.properties)} together",
                )
            value *= _number(place, member)
        return value

    @cached_property
    def _source(self) -> Members:
        return Members(self.properties)

    @cached_property
    def _sorter(self) -> Sorter:
        return Sorter(self.filters, self.group_by)


def _pointer(place: str) -> str:
    return place if place.startswith("/") else f"/data/{place}"


def _number(place: str, json: bytes) -> int:
    if json.isdigit() and len(json) <= TOTAL_DIGITS:
        return int(json) * MICRO  # what parse_micro makes of it, in a third of the time
    text = json.decode(errors="replace")
    try:
        return parse_micro(text[1:-1] if text[:1] == '"' else text)
    except QuantityError as error:
        raise ValueMissing(_pointer(place), error.code, str(error)) from None
