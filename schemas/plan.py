"""Plans: how much of each meter a customer may use in a period, how fast, and what happens at the limit."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Final

import msgspec

from schemas.period import MONTH
from schemas.use_limit import UseLimit

PERCENT: Final = 100
#: Warning, critical and exceeded.
DEFAULT_THRESHOLDS: Final = (80, 90, 100)


class Mode(StrEnum):
    """What happens at the limit. Usage itself is counted in every mode."""

    #: The check says no.
    HARD = "hard"
    #: The check says yes, with a warning: what is over is billed.
    SOFT = "soft"


class OnUnavailable(StrEnum):
    """What a check says while the state is missing, or too old to be relied on."""

    ALLOW = "allow"
    DENY = "deny"


class Quota(msgspec.Struct, frozen=True, kw_only=True, dict=True, omit_defaults=True):
    """A limit on the usage of one meter in one period."""

    meter: str
    #: Millionths of the meter's unit; 0: none is allowed; None: unlimited.
    limit_micro: int | None
    mode: Mode = Mode.HARD
    #: See `schemas.period`.
    period: str = MONTH
    #: How long a hard limit still lets pass once it is reached.
    grace_ms: int = 0
    #: Percentages of the limit, in ascending order, that are told of once in each period.
    thresholds: tuple[int, ...] = DEFAULT_THRESHOLDS

    @cached_property
    def noted(self) -> tuple[int, ...]:
        """Percentages that are noted when they are reached: a hard limit itself always is, for its grace."""
        own = {PERCENT} if self.mode is Mode.HARD else set()
        return tuple(sorted({*self.thresholds, *own}))


class Plan(msgspec.Struct, frozen=True, kw_only=True, dict=True, omit_defaults=True):
    """What a customer may use. A meter without a quota is unlimited."""

    name: str
    quotas: tuple[Quota, ...] = ()
    on_unavailable: OnUnavailable = OnUnavailable.ALLOW
    #: Where a customer who was refused can get more.
    upgrade_url: str = ""
    limits: tuple[UseLimit, ...] = ()

    @cached_property
    def by_meter(self) -> Mapping[str, Quota]:
        """Quotas by the name of their meter."""
        return {quota.meter: quota for quota in self.quotas}

    @cached_property
    def limit_by_meter(self) -> Mapping[str, UseLimit]:
        """Limits of use by the name of their meter."""
        return {limit.meter: limit for limit in self.limits}
