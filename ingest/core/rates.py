"""Rates: who sends faster than agreed waits, and takes nothing from anybody else.

A bucket holds events. A request needs one in every bucket of its sender before its body is read, and takes
the rest of its events once they are counted, be they there or not: what is missing is owed, and nobody
passes before it has come back. So no batch is too large to pass ever, what is refused costs next to
nothing, and in any span of t seconds at most `burst + per_second * t` events pass, and the rest of
one request.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from ingest.core.problem import refuse
from schemas.catalog import Catalog, KeyIssued
from schemas.gcra import SECOND_NS, Gcra
from schemas.rate import Rate

#: A body that holds nothing countable counts as one event for each of these.
BYTES_AN_EVENT: Final = 1_024


class Whose(NamedTuple):
    """Whom a bucket belongs to."""

    tenant: str
    #: None: to the tenant as a whole.
    key_hash: str | None
    #: What people call the key by; empty for the tenant's own.
    key_id: str


class Bucket(Gcra):
    """How much somebody may send at a time."""

    __slots__ = ("rate", "refused", "whose")

    def __init__(self, whose: Whose, rate: Rate) -> None:
        """Begin full."""
        super().__init__(rate.per_second, rate.burst)
        self.whose = whose
        self.rate = rate
        #: Requests that were refused since somebody asked.
        self.refused = 0

    def follow(self, rate: Rate, now_ns: int) -> None:
        """Go on with another *rate*; what is owed beyond the new burst is forgiven."""
        self.rate = rate
        self.change(rate.per_second, rate.burst, now_ns)


class Rates:
    """The buckets of those who have a rate and have sent something; no more than the catalogue names."""

    def __init__(self) -> None:
        self._buckets: dict[Whose, Bucket] = {}

    def __len__(self) -> int:
        """Return how many buckets there are."""
        return len(self._buckets)

    def of(self, key: KeyIssued, catalog: Catalog, now_ns: int) -> tuple[Bucket, ...]:
        """Return the buckets that a request with *key* takes from; most have none."""
        found = []
        for whose in (Whose(key.tenant, key.key_hash, key.key_id), Whose(key.tenant, None, "")):
            rate = _rate_of(whose, catalog)
            if rate is None:
                continue
            bucket = self._buckets.get(whose)
            if bucket is None:
                bucket = self._buckets[whose] = Bucket(whose, rate)
            elif bucket.rate != rate:
                bucket.follow(rate, now_ns)
            found.append(bucket)
        return tuple(found)

    def keep(self, catalog: Catalog) -> None:
        """Forget the buckets of those who have no rate any more."""
        for whose in [whose for whose in self._buckets if _rate_of(whose, catalog) is None]:
            del self._buckets[whose]

    def take_refused(self) -> list[tuple[Whose, int]]:
        """Return how many requests were refused since the last call, and whose."""
        found = [(bucket.whose, bucket.refused) for bucket in self._buckets.values() if bucket.refused]
        for bucket in self._buckets.values():
            bucket.refused = 0
        return found


def begin(buckets: Iterable[Bucket], now_ns: int) -> None:
    """Take one event for a request whose body nobody has seen, from all *buckets* or from none.

    Raises Refused.
    """
    for bucket in buckets:
        if bucket.wait_ns(now_ns):
            raise _refused(buckets, now_ns)
    for bucket in buckets:
        bucket.take(1, now_ns)


def go_on(buckets: Iterable[Bucket], now_ns: int) -> None:
    """Let a request go on whose body has come. Raises Refused where others have overdrawn meanwhile."""
    for bucket in buckets:
        if bucket.owes(now_ns):
            raise _refused(buckets, now_ns)


def settle(buckets: Iterable[Bucket], events: int, now_ns: int) -> None:
    """Take what a request that has begun turned out to hold."""
    if events > 1:
        for bucket in buckets:
            bucket.take(events - 1, now_ns)


def _refused(buckets: Iterable[Bucket], now_ns: int) -> Exception:
    slowest = max(buckets, key=lambda bucket: bucket.wait_ns(now_ns))
    slowest.refused += 1
    seconds = max(-(-slowest.wait_ns(now_ns) // SECOND_NS), 1)
    who = f"the key {slowest.whose.key_id}" if slowest.whose.key_id else "the tenant"
    rate = slowest.rate
    return refuse(
        "rate_limited",
        f"{who} may send {rate.per_second} events a second, {rate.burst} at once; "
        f"repeat the whole request in {seconds} s, it is safe",
        retry_after=seconds,
    )


def _rate_of(whose: Whose, catalog: Catalog) -> Rate | None:
    if whose.key_hash is not None:
        key = catalog.key(whose.key_hash)
        return None if key is None else key.rate
    tenant = catalog.tenants.get(whose.tenant)
    return None if tenant is None else tenant.rate
