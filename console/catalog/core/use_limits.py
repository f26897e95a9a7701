"""Checks the limits of use of a plan: what they say, and that each of them can ever be reached."""

from collections.abc import Mapping
from typing import Final

from console.catalog.core.fields import Fields, fields_of, whole
from console.catalog.core.tree import Finding, Node
from schemas.meters import Meter
from schemas.quantity import MICRO, QuantityError, format_micro, parse_micro
from schemas.rate import MOST
from schemas.use_limit import UseLimit

#: A request with another lease looks at those that it has to wait for.
MOST_CONCURRENT: Final = 10_000
_SECONDS: Final = 60
_LIMIT: Final = frozenset({"burst", "concurrent", "per_minute", "per_second"})


def use_limit(
    plan: str, meter: str, node: Node, meters: Mapping[str, Meter], findings: list[Finding]
) -> UseLimit:
    """Return what *node* says of a plan's use of *meter*; findings go to the list."""
    fields = fields_of(f"plans.{plan}.limits.{meter}", node, findings)
    fields.refuse_others(_LIMIT)
    if meter not in meters:
        fields.fault(node.line, "", f"there is no meter {meter!r}: write one of {', '.join(sorted(meters))}")
    if not node.value:
        fields.fault(node.line, "", f"limits nothing: write one of {', '.join(sorted(_LIMIT))}")
    limit = UseLimit(
        meter=meter,
        per_second_micro=fields.take("per_second", _amount, None),
        burst_micro=fields.take("burst", _amount, None),
        per_minute_micro=fields.take("per_minute", _amount, None),
        concurrent=fields.take("concurrent", _concurrent, None),
    )
    _check_burst(limit, fields)
    _check_minute(limit, fields)
    return limit


def _check_burst(limit: UseLimit, fields: Fields) -> None:
    if limit.burst_micro is None:
        return
    line = fields.members["burst"].line
    if "per_second" not in fields.members:
        fields.fault(line, "burst", "says nothing without `per_second`: how fast does it come back?")
    elif limit.per_second_micro is not None and limit.burst_micro < limit.per_second_micro:
        fields.fault(line, "burst", "must be no less than per_second: it is all that may come at once")


def _check_minute(limit: UseLimit, fields: Fields) -> None:
    """Find fault with a limit a minute that makes the other one idle, or is made idle by it."""
    if limit.per_minute_micro is None or limit.per_second_micro is None:
        return
    line = fields.members["per_minute"].line
    at_once = max(limit.per_second_micro, limit.burst_micro or 0)
    most = limit.per_second_micro * _SECONDS + (limit.burst_micro or 0)
    if limit.per_minute_micro < at_once:
        message = f"must be no less than what may come at once, {format_micro(at_once)}"
        fields.fault(line, "per_minute", message)
    elif limit.per_minute_micro > most:
        message = f"is never reached: no more than {format_micro(most)} pass in a minute in any case"
        fields.fault(line, "per_minute", message)


def _amount(node: Node) -> int:
    """Return millionths of the meter's unit, above 0."""
    if not isinstance(node.value, int | str) or isinstance(node.value, bool):
        raise ValueError("must be a number in the meter's unit")  # noqa: TRY004 -- one way out for every bad value
    try:
        micro = parse_micro(str(node.value))
    except QuantityError as error:
        raise ValueError(str(error)) from None
    if not 0 < micro <= MOST * MICRO:
        raise ValueError(f"must be above 0, where a quota of 0 allows none, and at most {MOST}")
    return micro


def _concurrent(node: Node) -> int:
    number = whole(node)
    if number > MOST_CONCURRENT:
        raise ValueError(f"must be at most {MOST_CONCURRENT}")
    return number
