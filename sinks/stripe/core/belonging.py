"""Whether a key is of the account, and of the mode, that a tenant's webhooks come from.

Stripe does not tell whose a restricted key is. What webhooks brought does: they are signed with the tenant's
secret, so each of their events is one of its account, and Stripe answers for it to that account's keys alone.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from schemas.instant import DAY_MS

#: So many of the newest webhooks tell of which mode they are.
HEARD: Final = 1_000
#: So many objects are asked for until one is known: mostly one. Where webhooks of several accounts come to a
#: tenant, some of them are of the key's.
_ASKED: Final = 20
#: Stripe answers for events of 30 days; two less, so that no clock matters.
_ANSWERED_MS: Final = 28 * DAY_MS


class Heard(NamedTuple):
    """A webhook of the tenant's own account: no trial of ours, nothing odd, no connected account."""

    event_id: str
    livemode: bool | None
    created_at_ms: int
    object_type: str | None
    object_id: str | None


class Witness(NamedTuple):
    """What Stripe has, and answers for to a key of the same account."""

    #: event or customer.
    kind: str
    object_id: str


def is_live(key: str) -> bool:
    """Say whether *key* (rk_live_…, sk_test_…) is of the live mode."""
    return key.split("_", 2)[1] == "live"


def mode_fault(tenant: str, key: str, heard: Iterable[Heard]) -> str | None:
    """Return what is wrong with the mode of *key*: *tenant* has *heard* the other alone; None: nothing.

    Where webhooks of both modes come, a key of either sees its own.
    """
    modes = [each.livemode for each in heard if each.livemode is not None]
    if not modes or is_live(key) in modes:
        return None
    theirs, its = ("live", "test") if modes[0] else ("test", "live")
    return (
        f"the key is of the {its} mode, and the webhooks of tenant {tenant} are of the {theirs} mode "
        f"(all of the newest {len(modes)}): take a key of the {theirs} mode, or have the first webhook of "
        f"the {its} mode come before the key"
    )


def witnesses(key: str, heard: Sequence[Heard], now_ms: int) -> tuple[Witness, ...]:
    """Return whom to ask Stripe for with *key*, in this order; one that it knows is enough.

    *heard* is the newest first. Where no event is young enough it is customers: Stripe answers for them for
    ever, deleted ones too. Neither: nothing can be told.
    """
    own = [each for each in heard if each.livemode is is_live(key)]
    young = [each for each in own if each.created_at_ms >= now_ms - _ANSWERED_MS]
    found = [Witness("event", each.event_id) for each in young]
    if not found:
        named = (each.object_id for each in own if each.object_type == "customer")
        found = [Witness("customer", object_id) for object_id in named if object_id]
    return tuple(dict.fromkeys(found))[:_ASKED]


def account_fault(tenant: str, asked: Sequence[Witness]) -> str:
    """Return what is wrong where Stripe knows none of those who were *asked* for."""
    return (
        f"the key is of another account than the webhooks of tenant {tenant}: of the newest {asked[0].kind}s "
        f"that they told of, {len(asked)} were asked for, and Stripe knows none; nothing was entered, and "
        "`weir stripe-key add` takes a key of their account"
    )
