"""Checks the plans of a document: quotas and limits on its meters, and what happens at them."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from console.catalog.core.durations import below_a_week
from console.catalog.core.fields import NOTHING, Fields, fields_of, mapping, one_of, text
from console.catalog.core.tree import Finding, Node
from console.catalog.core.use_limits import use_limit
from schemas.meters import Meter
from schemas.period import MONTH, check_period
from schemas.plan import DEFAULT_THRESHOLDS, Mode, OnUnavailable, Plan, Quota
from schemas.quantity import QuantityError, parse_micro

#: How an unlimited quota may be written.
UNLIMITED: Final = ("unlimited", -1)
MAX_THRESHOLDS: Final = 10
_MAX_PERCENT: Final = 1_000

_URL: Final = re.compile(r"https?://[^\s\"<>]+", re.ASCII)
_PLAN: Final = frozenset({"limits", "on_unavailable", "quotas", "upgrade_url"})
_QUOTA: Final = frozenset({"grace", "limit", "mode", "period", "thresholds"})


def check_plans(top: Fields, meters: Mapping[str, Meter], in_use: Mapping[str, int]) -> tuple[Plan, ...]:
    """Return the plans that *top* describes for *meters*; findings go to its list.

    *in_use* are the plans with customers, and how many: they may not go.
    """
    described = top.take("plans", mapping, NOTHING)
    plans = tuple(_plan(name, node, meters, top.findings) for name, node in described.items())
    names = {plan.name for plan in plans}
    line = top.members["plans"].line if "plans" in top.members else top.line
    for name, customers in in_use.items():
        if name not in names:
            top.fault(
                line, f"plans.{name}", f"is gone, but {customers} customers are on it: place them first"
            )
    return plans


def check_default(top: Fields, plans: Collection[Plan]) -> str:
    """Return the name of the plan for whoever is on none, or an empty text."""
    name = top.take("default_plan", text, "")
    names = [plan.name for plan in plans]
    if name and name not in names:
        choice = f"write one of {', '.join(names)}" if names else "there are no plans"
        top.fault(top.members["default_plan"].line, "default_plan", f"{name!r} is no plan: {choice}")
    return name


def _plan(name: str, node: Node, meters: Mapping[str, Meter], findings: list[Finding]) -> Plan:
    fields = fields_of(f"plans.{name}", node, findings)
    fields.refuse_others(_PLAN)
    fields.check_name(name)
    quotas = fields.take("quotas", mapping, NOTHING)
    limits = fields.take("limits", mapping, NOTHING)
    return Plan(
        name=name,
        quotas=tuple(_quota(name, meter, each, meters, findings) for meter, each in quotas.items()),
        on_unavailable=fields.take("on_unavailable", one_of(OnUnavailable), OnUnavailable.ALLOW),
        upgrade_url=fields.take("upgrade_url", _url, ""),
        limits=tuple(use_limit(name, meter, each, meters, findings) for meter, each in limits.items()),
    )


def _quota(plan: str, meter: str, node: Node, meters: Mapping[str, Meter], findings: list[Finding]) -> Quota:
    path = f"plans.{plan}.quotas.{meter}"
    if isinstance(node.value, int | str):
        # A limit by itself.
        node = Node(node.line, {"limit": node})
    fields = fields_of(path, node, findings)
    fields.refuse_others(_QUOTA)
    if meter not in meters:
        fields.fault(node.line, "", f"there is no meter {meter!r}: write one of {', '.join(sorted(meters))}")
    elif meters[meter].aggregation.rule.kind is not None:
        message = (
            f"{meters[meter].aggregation} keeps single values, which no quota does: choose another meter"
        )
        fields.fault(node.line, "", message)
    fields.require("limit")
    quota = Quota(
        meter=meter,
        limit_micro=fields.take("limit", _limit, None),
        mode=fields.take("mode", one_of(Mode), Mode.HARD),
        period=fields.take("period", _period, MONTH),
        grace_ms=fields.take("grace", below_a_week, 0),
        thresholds=fields.take("thresholds", _thresholds, DEFAULT_THRESHOLDS),
    )
    if quota.grace_ms and quota.mode is Mode.SOFT:
        fields.fault(fields.members["grace"].line, "grace", "means nothing where the mode is soft")
    return quota


def _limit(node: Node) -> int | None:
    if node.value in UNLIMITED and not isinstance(node.value, bool):
        return None
    if isinstance(node.value, int | str) and not isinstance(node.value, bool):
        try:
            return parse_micro(str(node.value))
        except QuantityError as error:
            raise ValueError(f"{error}, or `unlimited`") from None
    raise ValueError("must be a number in the meter's unit, or `unlimited`")


def _period(node: Node) -> str:
    found = text(node)
    check_period(found)
    return found


def _thresholds(node: Node) -> tuple[int, ...]:
    """Return percentages in ascending order; none is a list too."""
    if not isinstance(node.value, tuple):
        raise ValueError("must be a list of percentages")  # noqa: TRY004 -- one way out for every bad value
    found = [item.value for item in node.value]
    whole = [each for each in found if isinstance(each, int) and not isinstance(each, bool)]
    if len(whole) < len(found) or not all(1 <= each <= _MAX_PERCENT for each in whole):
        raise ValueError(f"must be whole percentages from 1 to {_MAX_PERCENT}")
    if len(whole) > MAX_THRESHOLDS or len(set(whole)) < len(whole):
        raise ValueError(f"must be at most {MAX_THRESHOLDS} different percentages")
    return tuple(sorted(whole))


def _url(node: Node) -> str:
    if isinstance(node.value, str) and len(node.value) <= 500 and _URL.fullmatch(node.value):  # noqa: PLR2004
        return node.value
    raise ValueError("must be an address that begins with https:// or http://")
