"""Meters: which events they measure, the exact value of one event, the answer of an aggregate.

State holds integers in a meter's finest source unit. An answer is one exact rational step away
from it, rounded once. So 0.1 GB and 107374182.4 bytes add up to the same whichever comes first.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cached_property

import msgspec

from schemas.errors import MALFORMED
from schemas.event import NO_QUANTITY
from schemas.partial import Partial
from schemas.quantity import MICRO, TOTAL_DIGITS, QuantityError, format_ratio, parse_micro


class Aggregation(StrEnum):
    """How the values of a window become one number."""

    COUNT = "count"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    LATEST = "latest"


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
    #: Different numeric members of `data` whose product is the value in source units. Where they are
    #: present they win over `quantity`, which is in `unit`.
    properties: tuple[str, ...] = ()
    #: Source units in one `unit`: 2^30 bytes in a GB, 3600 CPU seconds in a CPU-hour.
    per_unit: int = 1
    #: Whether an event without a quantity is worth 1.
    default_one: bool = False

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
        wanted = " and ".join(f"data.{name}" for name in self.properties)
        raise ValueMissing(
            "/quantity",
            "quantity_missing",
            f"meter {self.name!r} needs a quantity" + (f", or {wanted}" if wanted else ""),
        )

    def answer(self, partial: Partial) -> str:
        """Return what *partial* amounts to in `unit`, as decimal text."""
        match self.aggregation:
            case Aggregation.COUNT:
                return str(partial.events)
            case Aggregation.SUM:
                return format_ratio(partial.sum, self.scale)
            case Aggregation.MIN:
                return format_ratio(partial.min, self.scale)
            case Aggregation.MAX:
                return format_ratio(partial.max, self.scale)
            case Aggregation.FIRST:
                return format_ratio(partial.first, self.scale)
            case Aggregation.LATEST:
                return format_ratio(partial.latest, self.scale)

    def _from_properties(self, rest: bytes) -> int | None:
        """Return the product of the source properties; None where none of them is there."""
        if not rest:
            return None
        try:
            members = self._read_properties(rest)
        except MALFORMED:
            raise ValueMissing("/data", "data_invalid", "must be a JSON object") from None
        if members.count(msgspec.UNSET) == len(members):
            return None
        value = 1
        for name, member in zip(self.properties, members, strict=True):
            if isinstance(member, msgspec.UnsetType):
                raise ValueMissing(
                    f"/data/{name}",
                    "property_missing",
                    f"meter {self.name!r} needs {' and '.join(self.properties)} together",
                )
            value *= _number(name, bytes(member))
        return value

    @cached_property
    def _read_properties(self) -> Callable[[bytes], Sequence[msgspec.Raw | msgspec.UnsetType]]:
        """Return a reader of these members of a rest's `data` alone: half the time of reading all."""
        places = [f"p{place}" for place, _ in enumerate(self.properties)]
        data = msgspec.defstruct(
            "Data",
            [(place, msgspec.Raw, msgspec.UNSET) for place in places],
            rename=dict(zip(places, self.properties, strict=True)),
        )
        rest = msgspec.defstruct("Rest", [("data", data, msgspec.field(default_factory=data))])
        decode = msgspec.json.Decoder(rest).decode
        return lambda raw: msgspec.structs.astuple(decode(raw).data)  # type: ignore[attr-defined]


def _number(name: str, json: bytes) -> int:
    if json.isdigit() and len(json) <= TOTAL_DIGITS:
        return int(json) * MICRO  # what parse_micro makes of it, in a third of the time
    text = json.decode(errors="replace")
    try:
        return parse_micro(text[1:-1] if text[:1] == '"' else text)
    except QuantityError as error:
        raise ValueMissing(f"/data/{name}", error.code, str(error)) from None
