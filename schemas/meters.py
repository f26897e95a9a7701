"""Meters: which events they measure, the exact value of one event, the answer of an aggregate.

State holds integers in a meter's finest source unit. An answer is one exact rational step away
from it, rounded once. So 0.1 GB and 107374182.4 bytes add up to the same whichever comes first.
"""

from enum import StrEnum
from functools import cached_property
from typing import Self

import msgspec

from schemas import level, percentile, plain_aggregates, unique
from schemas.aggregate import Needs, Rule
from schemas.errors import MALFORMED
from schemas.event import NO_QUANTITY
from schemas.groups import Filter, Sorter
from schemas.members import Members, scalar_text
from schemas.partial import Partial, single
from schemas.quantity import MICRO, TOTAL_DIGITS, QuantityError, format_ratio, parse_micro
from schemas.sketch import Sketch, of_values


class Aggregation(StrEnum):
    """How the values of a window become one number: the registry of rules, each from a file of its own."""

    rule: Rule

    def __new__(cls, name: str, rule: Rule = plain_aggregates.SUM) -> Self:
        """Make the member *name*; the default is never used, it lets one look up a member by its name."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.rule = rule
        return member

    COUNT = "count", plain_aggregates.COUNT
    SUM = "sum", plain_aggregates.SUM
    AVG = "avg", plain_aggregates.AVG
    MIN = "min", plain_aggregates.MIN
    MAX = "max", plain_aggregates.MAX
    FIRST = "first", plain_aggregates.FIRST
    LATEST = "latest", plain_aggregates.LATEST
    UNIQUE = "unique", unique.UNIQUE
    P50 = "p50", percentile.P50
    P95 = "p95", percentile.P95
    P99 = "p99", percentile.P99
    TIME_WEIGHTED_SUM = "time_weighted_sum", level.TIME_WEIGHTED_SUM


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
    #: Of a meter of different things: the properties that together say which thing an event is about.
    unique_by: tuple[str, ...] = ()

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
        if self.unique_by:
            return self._identity(rest)
        if self.properties and (value := self._from_properties(rest)) is not None:
            return value
        if quantity_micro != NO_QUANTITY:
            return quantity_micro * (self.scale // MICRO)
        if self.worth_one:
            return self.scale
        wanted = " and ".join(_pointer(place) for place in self.properties)
        raise ValueMissing(
            "/quantity",
            "quantity_missing",
            f"meter {self.name!r} needs a quantity" + (f", or {wanted}" if wanted else ""),
        )

    @property
    def of_level_seconds(self) -> Self:
        """Return what answers for partials whose sum is level times seconds; itself, if it has no levels."""
        if self.aggregation is not Aggregation.TIME_WEIGHTED_SUM:
            return self
        per_unit = self.per_unit * level.SECONDS_PER_HOUR
        return msgspec.structs.replace(self, aggregation=Aggregation.SUM, per_unit=per_unit)

    @property
    def worth_one(self) -> bool:
        """Whether an event that names no quantity is worth 1."""
        return self.default_one or self.aggregation.rule.needs is Needs.NOTHING

    def amount(self, partial: Partial, sketch: Sketch | None = None) -> tuple[int, int]:
        """Return what *partial*, with its *sketch*, amounts to in `unit`: numerator and denominator."""
        return self.aggregation.rule.amount(partial, sketch, self.scale)

    def answer(self, partial: Partial, sketch: Sketch | None = None) -> str:
        """Return what *partial*, with its *sketch*, amounts to in `unit`, as decimal text."""
        return format_ratio(*self.amount(partial, sketch))

    def answer_to(self, value: int) -> str:
        """Return what one event of *value* amounts to, of a level in an hour, as decimal text."""
        kind = self.aggregation.rule.kind
        kept = None if kind is None else of_values(kind, (kind.entry_of(0, value),))
        return self.answer(single(0, value), kept)

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

    def _identity(self, rest: bytes) -> int:
        """Return what stands for the thing that the event is about."""
        try:
            members = self._thing.read(rest)
        except ValueError as error:
            raise ValueMissing("/data", "data_invalid", str(error)) from None
        if len(members) == 1:
            return unique.hash_of_one(self._text(self.unique_by[0], members[0]))
        return unique.hash_of([self._text(*named) for named in zip(self.unique_by, members, strict=True)])

    def _text(self, place: str, member: bytes | None) -> bytes:
        if member is not None and member[:1] == b'"' and b"\\" not in member:
            return member[1:-1]
        try:
            text = scalar_text(member)
        except MALFORMED:
            raise ValueMissing("/data", "data_invalid", "must hold texts that are Unicode") from None
        if text is None:
            wanted = " and ".join(self.unique_by)
            detail = f"meter {self.name!r} counts by {wanted}: each a text, a number or a truth value"
            raise ValueMissing(_pointer(place), "property_missing", detail)
        return text.encode()

    @cached_property
    def _source(self) -> Members:
        return Members(self.properties)

    @cached_property
    def _thing(self) -> Members:
        return Members(self.unique_by)

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
