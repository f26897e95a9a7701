"""The catalogue's versions: each measures otherwise, from an hour that lies ahead when it is published."""

from typing import Final

from schemas.catalog import CustomerPlaced, MetersPublished
from schemas.groups import Filter
from schemas.instant import HOUR_MS, MINUTE_MS
from schemas.meters import Aggregation, Meter
from schemas.plan import Plan, Quota
from schemas.quantity import MICRO
from tests.simulation.clock import START_MS

#: `weir catalog apply` refuses a version that takes effect sooner.
LEAST_AHEAD_MS: Final = 10 * MINUTE_MS

_API: Final = Meter(name="api", event_type="api", default_one=True)
_STORAGE: Final = Meter(
    name="storage", event_type="storage", properties=("bytes", "hours"), per_unit=2**30 * 3600
)
_SIZE: Final = Meter(name="size", event_type="storage", aggregation=Aggregation.MAX)
_PATHS: Final = Meter(name="paths", event_type="call", default_one=True, group_by=("path", "/data/user/plan"))
_GETS: Final = Meter(
    name="gets", event_type="call", default_one=True, filters=(Filter("method", ("GET", "HEAD")),)
)
_PAID: Final = Meter(
    name="paid",
    event_type="call",
    properties=("/data/user/tokens",),
    filters=(Filter("/data/user/plan", ("pro",)), Filter("ok", ("true",))),
    group_by=("method",),
)
_GAUGES: Final = tuple(
    Meter(name=f"level_{aggregation}", event_type="level", aggregation=aggregation)
    for aggregation in Aggregation
    # The store of the simulation has no table of sketches.
    if aggregation.rule.kind is None
)
_FREE: Final = Plan(
    name="free",
    quotas=(
        Quota(meter="api", limit_micro=20 * MICRO, period="day"),
        Quota(meter="gets", limit_micro=5 * MICRO, period="week", thresholds=(20, 100, 300)),
        Quota(meter="level_count", limit_micro=40 * MICRO),
        Quota(meter="storage", limit_micro=None),
    ),
)
_OWN: Final = Plan(
    name="own",
    quotas=(
        Quota(meter="api", limit_micro=8 * MICRO, period="anniversary"),
        Quota(meter="level_max", limit_micro=3 * MICRO, period="1d"),
    ),
)
#: The one whose days and months are its own.
PLACED: Final = CustomerPlaced("acme", "c-1", "own", START_MS + HOUR_MS // 2)
_CONTENTS: Final = (
    ((_API, _STORAGE, _SIZE, _GETS, _PAID, *_GAUGES), HOUR_MS),
    ((_API, _PATHS, _PAID, *_GAUGES[2:4]), 2 * HOUR_MS),
    ((_API, _STORAGE, _PATHS, _GETS, *_GAUGES), HOUR_MS // 2),
)


def version(number: int, now_ms: int) -> MetersPublished:
    """Return version *number*, published at *now_ms*; the first one reaches back for ever."""
    meters, grace_ms = _CONTENTS[(number - 1) % len(_CONTENTS)]
    from_ms = -(-(now_ms + LEAST_AHEAD_MS) // HOUR_MS) * HOUR_MS if number > 1 else 0
    return MetersPublished(number, from_ms, meters, grace_ms, (_FREE, _OWN), _FREE.name)
