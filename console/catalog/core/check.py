"""The checker: a document becomes meters, or findings; all of them at once."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from console.catalog.core.durations import below_a_week
from console.catalog.core.fields import (
    NOTHING,
    Fields,
    fields_of,
    mapping,
    one_of,
    places,
    text,
    texts,
    whole,
)
from console.catalog.core.plans import check_default, check_plans
from console.catalog.core.tree import Finding, Node
from schemas.groups import MAX_PROPERTIES, Filter, label_of
from schemas.members import steps_of
from schemas.meters import Aggregation, Meter
from schemas.plan import Plan
from schemas.windows import DEFAULT_GRACE_MS

_DOCUMENT: Final = frozenset({"default_plan", "grace", "meters", "plans"})
_METER: Final = frozenset(
    {
        "event_type",
        "aggregation",
        "unit",
        "properties",
        "per_unit",
        "without_quantity",
        "filters",
        "group_by",
        "unique_by",
    }
)
#: What says how much an event is worth, and so nothing to a meter of different things.
_WORTH: Final = ("properties", "per_unit", "without_quantity")


class Draft(msgspec.Struct, frozen=True):
    """What a version of the catalogue will say; it has no number and no date yet."""

    grace_ms: int
    meters: tuple[Meter, ...]
    plans: tuple[Plan, ...] = ()
    default_plan: str = ""


def check(
    document: Node, in_force: Iterable[Meter] = (), plans_in_use: Mapping[str, int] = MappingProxyType({})
) -> tuple[Draft, list[Finding]]:
    """Return the draft in *document* and every finding; the draft counts only if there is none.

    *in_force* are the newest versions of all meters so far: what was measured in their units must
    keep its meaning. *plans_in_use* are the plans that customers are on, and how many of them.
    """
    findings: list[Finding] = []
    members: Mapping[str, Node] = {}
    top = Fields(document.line, "", members, findings)
    if isinstance(document.value, Mapping):
        top = Fields(document.line, "", document.value, findings)
        top.require("meters")
        top.refuse_others(_DOCUMENT)
    else:
        top.fault(document.line, "", "must be a mapping with `meters`, and perhaps `grace` and `plans`")
    grace_ms = top.take("grace", below_a_week, DEFAULT_GRACE_MS)
    by_name = {meter.name: meter for meter in in_force}
    described = top.take("meters", _some_meters, NOTHING)
    meters = tuple(_meter(name, node, by_name.get(name), findings) for name, node in described.items())
    plans = check_plans(top, {meter.name: meter for meter in meters}, plans_in_use)
    return Draft(grace_ms, meters, plans, check_default(top, plans)), sorted(findings)


def _some_meters(node: Node) -> Mapping[str, Node]:
    members = mapping(node)
    if not members:
        raise ValueError("must name at least one meter")
    return members


def _meter(name: str, node: Node, before: Meter | None, findings: list[Finding]) -> Meter:
    fields = fields_of(f"meters.{name}", node, findings)
    fields.refuse_others(_METER)
    fields.check_name(name)
    meter = Meter(
        name=name,
        event_type=fields.take("event_type", text, name),
        aggregation=fields.take("aggregation", one_of(Aggregation), Aggregation.SUM),
        unit=fields.take("unit", text, ""),
        properties=fields.take("properties", places, ()),
        per_unit=fields.take("per_unit", whole, 1),
        default_one=fields.take("without_quantity", _one_or_refused, default=False),
        filters=_filters(fields),
        group_by=fields.take("group_by", _group_by, ()),
        unique_by=fields.take("unique_by", _some_places, ()),
    )
    _check_unique(meter, fields)
    if before is not None:
        _check_unchanged(meter, before, fields)
    return meter


def _filters(fields: Fields) -> tuple[Filter, ...]:
    conditions = fields.take("filters", mapping, NOTHING)
    found = []
    for place, node in conditions.items():
        below = Fields(node.line, f"{fields.path}.filters", conditions, fields.findings)
        try:
            steps_of(place)
        except ValueError as error:
            below.fault(node.line, place, str(error))
        found.append(Filter(place, below.take(place, texts, ())))
    return tuple(found)


def _group_by(node: Node) -> tuple[str, ...]:
    found = places(node)
    if len(found) > MAX_PROPERTIES:
        raise ValueError(f"must be at most {MAX_PROPERTIES} properties: each combination is a row of its own")
    if len(set(map(label_of, found))) < len(found):
        raise ValueError("must end in different names: usage is asked for by them")
    return found


def _some_places(node: Node) -> tuple[str, ...]:
    if not (found := places(node)):
        raise ValueError("must name at least one property")
    return found


def _check_unique(meter: Meter, fields: Fields) -> None:
    """A meter of different things says what makes two of them the same, and nothing of their worth."""
    given = fields.members
    is_unique = meter.aggregation is Aggregation.UNIQUE
    if not is_unique:
        if "unique_by" in given:
            message = "says something only to `aggregation: unique`"
            fields.fault(given["unique_by"].line, "unique_by", message)
        return
    if "unique_by" not in given:
        line = given["aggregation"].line
        fields.fault(line, "unique_by", "is missing: unique counts different values of which properties?")
    for name in _WORTH:
        if name in given:
            fields.fault(given[name].line, name, "says nothing here: things are counted, by `unique_by`")


def _check_unchanged(meter: Meter, before: Meter, fields: Fields) -> None:
    """A period's usage is the sum of hours of several versions, so what an hour's number means is fixed."""
    for name in ("aggregation", "unit", "scale", "unique_by"):
        was, now = getattr(before, name), getattr(meter, name)
        if was != now:
            wording = "its scale (per_unit and number of properties)" if name == "scale" else f"its {name}"
            fields.fault(fields.line, "", f"{wording} was {was} and cannot become {now}: name a new meter")


def _one_or_refused(node: Node) -> bool:
    if node.value == 1 and not isinstance(node.value, bool):
        return True
    if node.value == "refused":
        return False
    raise ValueError("must be 1 or `refused`: what an event without a quantity is worth")
