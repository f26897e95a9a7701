"""What is Weir's own among tenants, meters and plans: the canary's, which sends events that it knows.

Everything whose name begins with `weir.` is ours. People cannot make it: in the catalogue no name has a
point, and a tenant that is called so is refused.
"""

from collections.abc import Iterable
from typing import Final

from schemas.meters import Meter
from schemas.period import MONTH
from schemas.plan import Plan, Quota

OWN: Final = "weir."

#: Tenant, event type, meter and plan.
CANARY: Final = "weir.canary"

#: Part of every version of the catalogue, whatever the operator's file says.
CANARY_METER: Final = Meter(name=CANARY, event_type=CANARY, unit="drops")

#: Nobody is on it. It names the period in which customers without a quota of the meter are counted; without
#: a limit no threshold is reached, so nobody is told of anything.
CANARY_PLAN: Final = Plan(name=CANARY, quotas=(Quota(meter=CANARY, limit_micro=None, period=MONTH),))


def is_own(name: str) -> bool:
    """Say whether a tenant, meter or plan of this name is Weir's own."""
    return name.startswith(OWN)


def made_by_people(names: Iterable[str]) -> list[str]:
    """Return those of *names* that are not Weir's own, in their order: what people choose from."""
    return [name for name in names if not is_own(name)]
