"""Whose use is remembered: each tenant's customers, up to a number that no other tenant can use up.

A customer of whom nothing is taken is forgotten: every request looks at two, and every second at some more.
"""

from collections import OrderedDict
from typing import Final, NamedTuple

from ingest.core.leases import Total
from ingest.core.use import Kind, Outcome, Use
from schemas.use_limit import Level, UseLimit

#: Of one tenant: customers with a meter (1.3 KB each, and 16 bytes a take), and leases (0.2 KB), together.
MOST_PLACES: Final = 50_000
#: Uses that a request looks at, and one for which there is no room.
_LOOKS: Final = 2
_LOOKS_WHEN_FULL: Final = 50
#: And a second without any request.
_LOOKS_AT_REST: Final = 1_000


class Whose(NamedTuple):
    """The customer of a tenant, and what is used."""

    customer: str
    meter: str


class TenantUses:
    """The uses of one tenant's customers. Times are nanoseconds of a clock that never goes back."""

    def __init__(self, most_places: int = MOST_PLACES) -> None:
        """Know none."""
        self._most = most_places
        #: The ones that were looked at longest ago go first.
        self._uses: OrderedDict[Whose, Use] = OrderedDict()
        self._total = Total()

    @property
    def places(self) -> int:
        """Return how many places are taken."""
        return len(self._uses) + self._total.leases

    def take(self, whose: Whose, limit: UseLimit, micro: int, now_ns: int) -> Outcome:
        """Take *micro* millionths of the limits a second and a minute."""
        if limit.per_second_micro is None and limit.per_minute_micro is None:
            return Outcome(Kind.TAKEN, self.levels(whose, limit, now_ns))
        use = self._use(whose, limit, now_ns)
        if use is None:
            return Outcome(Kind.UNKNOWN)
        return use.take(micro, now_ns)

    def lease(self, whose: Whose, limit: UseLimit, name: str, ttl_ns: int, now_ns: int) -> Outcome:
        """Begin a lease or renew it; without a limit it is not remembered."""
        if limit.concurrent is None:
            return Outcome(Kind.TAKEN, self.levels(whose, limit, now_ns))
        use = self._use(whose, limit, now_ns)
        if use is None:
            return Outcome(Kind.UNKNOWN)
        outcome = use.lease(name, ttl_ns, now_ns)
        if outcome.kind is Kind.TAKEN and not self._has_room(0, now_ns):
            use.leases.release(name)
            return Outcome(Kind.UNKNOWN)
        return outcome

    def release(self, whose: Whose, name: str) -> None:
        """End a lease, if there is one."""
        use = self._uses.get(whose)
        if use is not None:
            use.leases.release(name)

    def levels(self, whose: Whose, limit: UseLimit, now_ns: int) -> tuple[Level, ...]:
        """Return how far the limits are taken, and take nothing."""
        use = self._uses.get(whose)
        if use is None:
            return Use(limit, self._total, now_ns).levels(now_ns)
        use.follow(limit, now_ns)
        return use.levels(now_ns)

    def forget_idle(self, looks: int, now_ns: int) -> None:
        """Look at some uses, and forget those of which nothing is taken."""
        for _ in range(min(looks, len(self._uses))):
            whose = next(iter(self._uses))
            if self._uses[whose].is_idle(now_ns):
                del self._uses[whose]
            else:
                self._uses.move_to_end(whose)

    def _use(self, whose: Whose, limit: UseLimit, now_ns: int) -> Use | None:
        """Return the use, perhaps a new one; None: there is no room for it."""
        self.forget_idle(_LOOKS, now_ns)
        use = self._uses.get(whose)
        if use is None:
            if not self._has_room(1, now_ns):
                return None
            use = self._uses[whose] = Use(limit, self._total, now_ns)
        use.follow(limit, now_ns)
        return use

    def _has_room(self, places: int, now_ns: int) -> bool:
        """Say whether there is room for so many *places* more, once some who are idle are forgotten."""
        if self.places + places > self._most:
            self.forget_idle(_LOOKS_WHEN_FULL, now_ns)
        return self.places + places <= self._most


class Uses:
    """The uses of all tenants."""

    def __init__(self, most_places: int = MOST_PLACES) -> None:
        """Know none; keep at most *most_places* of each tenant."""
        self._most = most_places
        self._tenants: OrderedDict[str, TenantUses] = OrderedDict()

    @property
    def places(self) -> int:
        """Return how many places are taken."""
        return sum(uses.places for uses in self._tenants.values())

    def of(self, tenant: str) -> TenantUses:
        """Return those of *tenant*, which the catalogue names."""
        uses = self._tenants.get(tenant)
        if uses is None:
            uses = self._tenants[tenant] = TenantUses(self._most)
        return uses

    def rest(self, now_ns: int) -> None:
        """Forget some of what is idle; called once a second, for nobody may ask any more."""
        if self._tenants:
            tenant, uses = self._tenants.popitem(last=False)
            uses.forget_idle(_LOOKS_AT_REST, now_ns)
            if uses.places:
                self._tenants[tenant] = uses
