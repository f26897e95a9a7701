"""Which of several versions of one second is the last: Stripe's clock does not say, the versions may.

An update names what it changed as that had been before, so it follows the version that was so. Where an
object goes one way (an invoice that is paid is never open again), that tells as well. What neither tells is
not guessed: the order is called unsettled, and whoever can ask Stripe settles it.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from processors.billing.core.fingerprint import unexplained
from schemas.mirror_log import Version

#: Orders of more versions are not looked through: so many of one object in one second are no everyday life.
_MOST: Final = 8
#: A step that cannot have been so weighs more than anything that may speak against all others together.
_IMPOSSIBLE: Final = 1_000


class Settled(NamedTuple):
    """Versions with the last one first, and whether it is known to be the last."""

    versions: tuple[Version, ...]
    settled: bool


def settle(versions: Sequence[Version]) -> Settled:
    """Return *versions* of one second, at least one, in an order that depends on nothing but them."""
    ordered = sorted(versions, key=_identity)
    if len({bytes(version.row) for version in ordered}) == 1:
        return Settled(tuple(ordered), settled=True)
    apart = _without_repeats(ordered)
    if len(apart) > _MOST:
        last, settled = max(apart, key=lambda version: (version.rank, _identity(version))), False
    else:
        last, settled = _last(apart)
    return Settled((last, *(version for version in ordered if version is not last)), settled)


def _identity(version: Version) -> tuple[str, bytes]:
    return version.event_id, bytes(version.row)


def _without_repeats(versions: Sequence[Version]) -> list[Version]:
    """Leave out those that say nothing but what another one says too."""
    found: list[Version] = []
    for version in versions:
        repeats = not version.before and any(
            not other.before and other.row == version.row and _is_first(other) == _is_first(version)
            for other in found
        )
        if not repeats:
            found.append(version)
    return found


def _last(versions: Sequence[Version]) -> tuple[Version, bool]:
    """Return the end of the likeliest orders, and whether it is sure: the same row in all of them.

    `cheapest[chosen, last]` is what the best order of the set *chosen* costs that ends with *last*.
    """
    numbers = range(len(versions))
    steps = [[_cost(one, next_) for next_ in versions] for one in versions]
    cheapest = {(1 << number, number): 0 for number in numbers}
    for chosen in range(1, 1 << len(versions)):
        for last in numbers:
            so_far = cheapest.get((chosen, last))
            if so_far is None:
                continue
            for number in numbers:
                if not chosen >> number & 1:
                    key = chosen | 1 << number, number
                    cost = so_far + steps[last][number]
                    cheapest[key] = min(cost, cheapest.get(key, cost))
    everything = (1 << len(versions)) - 1
    ends = [cheapest[everything, number] for number in numbers]
    best = [versions[number] for number in numbers if ends[number] == min(ends)]
    # Where something speaks against every order, a version is missing that might tell.
    return best[0], min(ends) == 0 and len({bytes(version.row) for version in best}) == 1


def _cost(one: Version, following: Version) -> int:
    """Return what speaks against *following* having come right after *one*."""
    if _is_first(following) or one.type.endswith(".deleted"):
        return 2 * _IMPOSSIBLE
    silent = unexplained(one.after, following.before, following.after)
    if silent == 0 or following.row == one.row:
        return 0
    backwards = _IMPOSSIBLE if following.rank < one.rank else 0
    if not following.before:
        # What does not say what it changed may have come after anything.
        return backwards
    return backwards + (_IMPOSSIBLE if silent is None else min(silent, _IMPOSSIBLE // _MOST - 1))


def _is_first(version: Version) -> bool:
    return version.type.endswith(".created")
