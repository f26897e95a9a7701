"""Leases and whose they are, against a model that keeps every one with its end."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ingest.core.leases import Leases, Total
from ingest.core.use import Kind
from ingest.core.uses import Uses, Whose
from schemas.quantity import MICRO
from schemas.use_limit import UseLimit, Window

MOST_PLACES = 4
TENANTS = st.sampled_from(["acme", "globex"])
C1, C2 = Whose("c-1", "jobs"), Whose("c-2", "jobs")
WHOSE = st.sampled_from([C1, C2])
NAMES = st.sampled_from("abcd")


def limit(most: int) -> UseLimit:
    return UseLimit(meter="jobs", concurrent=most, per_minute_micro=MICRO)


class LeasesOfTwoTenants(RuleBasedStateMachine):
    """Opens, renews, ends and forgets; limits change and the clock steps."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 10**9
        self.limit = limit(2)
        self.uses = Uses(MOST_PLACES)
        #: When each lease ends, by tenant, customer and name.
        self.ends: dict[tuple[str, Whose, str], int] = {}
        #: Who has taken something else, which comes back long after all of this.
        self.takers: set[tuple[str, Whose]] = set()

    def open(self, tenant: str, whose: Whose | None = None) -> list[int]:
        """Return the ends of a tenant's leases, or of one customer's."""
        return [
            end
            for (owner, each, _), end in self.ends.items()
            if owner == tenant and whose in {None, each} and end > self.now
        ]

    @rule(step=st.integers(0, 30))
    def wait(self, step: int) -> None:
        self.now += step

    @rule(most=st.integers(1, 4))
    def change_the_limit(self, most: int) -> None:
        self.limit = limit(most)

    @rule(tenant=TENANTS, whose=WHOSE, name=NAMES, ttl=st.integers(1, 40))
    def lease(self, tenant: str, whose: Whose, name: str, ttl: int) -> None:
        most = self.limit.concurrent or 0
        mine = self.open(tenant, whose)
        is_open = self.ends.get((tenant, whose, name), 0) > self.now
        outcome = self.uses.of(tenant).lease(whose, self.limit, name, ttl, self.now)
        if outcome.kind is Kind.UNKNOWN:
            # One place for each customer, and one for each lease; ended ones were looked for.
            seen = {(owner, each) for owner, each, _ in self.ends} | self.takers | {(tenant, whose)}
            customers = [each for owner, each in seen if owner == tenant]
            assert not is_open
            assert len(mine) < most
            assert len(self.open(tenant)) + 1 + len(customers) > MOST_PLACES
        elif is_open:
            assert outcome.kind is Kind.RENEWED
        elif len(mine) < most:
            assert outcome.kind is Kind.TAKEN
        else:
            assert outcome.kind is Kind.REFUSED
            assert outcome.refused_by is not None
            assert outcome.refused_by.window is Window.CONCURRENT
            # Once so many have ended as are too many, and no sooner.
            assert outcome.wait_ns == sorted(mine)[len(mine) - most] - self.now
        if outcome.kind in {Kind.TAKEN, Kind.RENEWED}:
            self.ends[tenant, whose, name] = self.now + ttl

    @rule(tenant=TENANTS, whose=WHOSE)
    def take(self, tenant: str, whose: Whose) -> None:
        if self.uses.of(tenant).take(whose, self.limit, 1, self.now).kind is Kind.TAKEN:
            self.takers.add((tenant, whose))
        else:
            assert (tenant, whose) not in self.takers

    @rule(tenant=TENANTS, whose=WHOSE, name=NAMES)
    def release(self, tenant: str, whose: Whose, name: str) -> None:
        self.uses.of(tenant).release(whose, name)
        self.ends.pop((tenant, whose, name), None)

    @rule()
    def rest(self) -> None:
        self.uses.rest(self.now)

    @rule()
    def look(self) -> None:
        for tenant in ("acme", "globex"):
            for whose in (C1, C2):
                _, level = self.uses.of(tenant).levels(whose, self.limit, self.now)
                assert level.used_micro == len(self.open(tenant, whose)) * MICRO

    @invariant()
    def places_are_bounded_and_no_lease_is_counted_for_ever(self) -> None:
        for tenant in ("acme", "globex"):
            uses = self.uses.of(tenant)
            assert uses.places <= MOST_PLACES
            if not self.open(tenant) and not any(owner == tenant for owner, _ in self.takers):
                uses.forget_idle(MOST_PLACES, self.now)
                assert uses.places == 0


TestLeases = LeasesOfTwoTenants.TestCase
TestLeases.settings = settings(max_examples=40, stateful_step_count=40)


def test_when_all_leases_have_ended_every_place_is_free() -> None:
    uses, three = Uses(), UseLimit(meter="jobs", concurrent=3)
    for number in range(30):
        uses.of("acme").lease(Whose(f"c-{number % 10}", "jobs"), three, str(number), 100, 0)
    assert uses.places == 40
    uses.rest(99)
    assert uses.places == 40
    uses.rest(100)
    assert uses.places == 0


def test_a_lease_lives_until_its_ttl_is_over_and_not_a_moment_longer() -> None:
    leases = Leases(Total())
    leases.keep("a", 60, 0)
    assert leases.has("a", 59)
    assert leases.wait_ns(1, 59) == 1
    assert not leases.has("a", 60)
    assert leases.open(60) == 0
