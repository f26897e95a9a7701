"""`weir.catalog`: what people decided, as versioned facts, and the snapshot that readers keep.

A fact replaces the earlier one of its key. Nothing is ever deleted: a revocation is a fact too.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Final, NamedTuple

import msgspec

from schemas.canary import made_by_people
from schemas.errors import MALFORMED, Reject
from schemas.ground import TopicIdentity
from schemas.meters import Meter
from schemas.plan import Plan
from schemas.rate import Rate
from schemas.windows import DEFAULT_GRACE_MS


class TenantNamed(msgspec.Struct, frozen=True, tag_field="fact", tag="tenant"):
    """An account of the operator exists."""

    tenant: str
    name: str
    #: Events that may come in a calendar month (UTC); None: as many as there are.
    events_per_month: int | None = None
    #: What all of its keys together may send; None: as much as they like.
    rate: Rate | None = None


class KeyIssued(msgspec.Struct, frozen=True, tag_field="fact", tag="key"):
    """An API key exists, or no longer works."""

    key_id: str
    tenant: str
    #: SHA-256 of the key's text, in hex; the key itself is nowhere.
    key_hash: str
    scopes: tuple[str, ...]
    revoked: bool = False
    #: What may be sent with it; None: as much as anybody likes.
    rate: Rate | None = None


class WebhookSecretKept(msgspec.Struct, frozen=True, tag_field="fact", tag="webhook_secret"):
    """A secret that a tenant's webhooks are signed with exists, or is good until a moment."""

    secret_id: str
    tenant: str
    #: Encrypted; only who has WEIR_SECRET_KEY can read it.
    sealed: bytes
    created_at_ms: int
    #: From then on it verifies nothing; None: for ever.
    expires_at_ms: int | None = None

    @property
    def purpose(self) -> str:
        """Return what it is sealed for: nobody can put it in another's place."""
        return f"webhook/{self.tenant}/{self.secret_id}"

    def holds_at(self, at_ms: int) -> bool:
        """Say whether it verifies at *at_ms*."""
        return self.expires_at_ms is None or at_ms < self.expires_at_ms


class MetersPublished(msgspec.Struct, frozen=True, tag_field="fact", tag="meters"):
    """A version of the meters, valid for event time from *effective_from_ms* on."""

    version: int
    effective_from_ms: int
    meters: tuple[Meter, ...]
    grace_ms: int = DEFAULT_GRACE_MS
    plans: tuple[Plan, ...] = ()
    #: Of customers whom nobody has placed on one; empty: they have none.
    default_plan: str = ""


class CustomerPlaced(msgspec.Struct, frozen=True, tag_field="fact", tag="customer"):
    """A customer is on a plan from now on."""

    tenant: str
    customer: str
    plan: str
    #: From when on the customer's own months, or other periods, are counted.
    anchor_ms: int


class RecordSkipped(msgspec.Struct, frozen=True, tag_field="fact", tag="skip"):
    """One poisonous source record is refused, on every replay too."""

    topic: str
    partition: int
    offset: int
    reason: str


class TopicAdopted(msgspec.Struct, frozen=True, tag_field="fact", tag="topic"):
    """The broker's topic with this id is the one that offsets and stamps speak of."""

    #: Short name, such as usage.
    topic: str
    topic_id: str
    generation: int
    partitions: int

    @property
    def identity(self) -> TopicIdentity:
        """Return what the broker's topic is held against."""
        return TopicIdentity(self.topic_id, self.partitions)


Fact = (
    TenantNamed
    | KeyIssued
    | WebhookSecretKept
    | MetersPublished
    | CustomerPlaced
    | RecordSkipped
    | TopicAdopted
)

_encode: Final = msgspec.json.Encoder().encode
_decode: Final[Callable[[bytes], Fact]] = msgspec.json.Decoder(Fact).decode


def fact_key(fact: Fact) -> str:
    """Return the Kafka key of *fact*."""
    match fact:
        case TenantNamed():
            key = f"tenant/{fact.tenant}"
        case KeyIssued():
            key = f"key/{fact.key_id}"
        case WebhookSecretKept():
            key = f"webhook-secret/{fact.secret_id}"
        case MetersPublished():
            key = f"meters/{fact.version}"
        case CustomerPlaced():
            key = f"customer/{fact.tenant}/{fact.customer}"
        case RecordSkipped():
            key = f"skip/{fact.topic}/{fact.partition}/{fact.offset}"
        case TopicAdopted():
            key = f"topic/{fact.topic}"
    return key


def encode_fact(fact: Fact) -> bytes:
    """Return the value of the record for *fact*."""
    return _encode(fact)


def decode_fact(value: bytes) -> Fact:
    """Return the fact in *value*. Raises Reject."""
    try:
        return _decode(value)
    except MALFORMED as error:
        raise Reject(f"not a catalogue fact: {error}") from None


class MeterSet(msgspec.Struct, frozen=True, dict=True):
    """The meters and plans of one version."""

    version: int
    effective_from_ms: int
    grace_ms: int
    meters: tuple[Meter, ...]
    plans: tuple[Plan, ...] = ()
    default_plan: str = ""

    @cached_property
    def by_name(self) -> dict[str, Meter]:
        """Meters by their names."""
        return {meter.name: meter for meter in self.meters}

    @cached_property
    def choice(self) -> list[str]:
        """Names of the meters that people may choose from, in their order: those that are not our own."""
        return sorted(made_by_people(self.by_name))

    @cached_property
    def plan_by_name(self) -> dict[str, Plan]:
        """Plans by their names."""
        return {plan.name: plan for plan in self.plans}

    @cached_property
    def quota_periods(self) -> dict[str, frozenset[str]]:
        """Periods of the quotas that any plan has, by their meter."""
        found: dict[str, set[str]] = {}
        for plan in self.plans:
            for quota in plan.quotas:
                found.setdefault(quota.meter, set()).add(quota.period)
        return {meter: frozenset(periods) for meter, periods in found.items()}

    @cached_property
    def by_event_type(self) -> dict[str, tuple[Meter, ...]]:
        """Meters by the event type that they measure."""
        table: dict[str, tuple[Meter, ...]] = {}
        for meter in self.meters:
            table[meter.event_type] = (*table.get(meter.event_type, ()), meter)
        return table

    def measuring(self, event_type: str) -> tuple[Meter, ...]:
        """Return the meters of *event_type*; none means that the event is unmatched."""
        return self.by_event_type.get(event_type, ())

    def counting(self, event_type: str, rest: bytes) -> list[tuple[Meter, str]]:
        """Return the meters that count an event with these other fields, and the group of each.

        Raises ValueMissing.
        """
        groups = [(meter, meter.group_of(rest)) for meter in self.measuring(event_type)]
        return [(meter, group) for meter, group in groups if group is not None]


class Placement(NamedTuple):
    """Which plan a customer is on."""

    #: None: there is none, so nothing is limited.
    plan: Plan | None
    anchor_ms: int


class Catalog(msgspec.Struct, frozen=True, dict=True, kw_only=True):
    """Everything decided up to one record of `weir.catalog`."""

    tenants: dict[str, TenantNamed] = {}
    #: By SHA-256 of the key's text, in hex.
    keys: dict[str, KeyIssued] = {}
    #: By their ids.
    webhook_secrets: dict[str, WebhookSecretKept] = {}
    versions: dict[int, MetersPublished] = {}
    #: By tenant and customer.
    customers: dict[tuple[str, str], CustomerPlaced] = {}
    skips: dict[tuple[str, int, int], RecordSkipped] = {}
    topics: dict[str, TopicAdopted] = {}

    @cached_property
    def webhook_secrets_of(self) -> dict[str, tuple[WebhookSecretKept, ...]]:
        """Secrets of webhooks by their tenant, the newest first."""
        found: dict[str, tuple[WebhookSecretKept, ...]] = {}
        for secret in sorted(self.webhook_secrets.values(), key=lambda each: -each.created_at_ms):
            found[secret.tenant] = (*found.get(secret.tenant, ()), secret)
        return found

    @cached_property
    def version(self) -> int:
        """Newest version of the meters; 0 while there is none."""
        return max(self.versions, default=0)

    @cached_property
    def meter_sets(self) -> tuple[MeterSet, ...]:
        """The versions in the order in which they take effect."""
        ordered = sorted(self.versions.values(), key=lambda v: (v.effective_from_ms, v.version))
        return tuple(
            MeterSet(v.version, v.effective_from_ms, v.grace_ms, v.meters, v.plans, v.default_plan)
            for v in ordered
        )

    @cached_property
    def _effective_from_ms(self) -> list[int]:
        return [meters.effective_from_ms for meters in self.meter_sets]

    def meters_at(self, occurred_at_ms: int) -> MeterSet:
        """Return the meters in force at an event time. The first version reaches back for ever."""
        index = bisect_right(self._effective_from_ms, occurred_at_ms) - 1
        return self.meter_sets[max(index, 0)]

    def plan_of(self, tenant: str, customer: str, at_ms: int) -> Placement:
        """Return the plan that holds for a customer at *at_ms*, and where its own periods begin."""
        in_force = self.meters_at(at_ms)
        placed = self.customers.get((tenant, customer))
        if placed is None:
            return Placement(in_force.plan_by_name.get(in_force.default_plan), 0)
        return Placement(in_force.plan_by_name.get(placed.plan), placed.anchor_ms)

    def key(self, key_hash: str) -> KeyIssued | None:
        """Return the valid key with this SHA-256 (hex), if there is one."""
        key = self.keys.get(key_hash)
        return None if key is None or key.revoked else key

    def with_facts(self, facts: Iterable[Fact]) -> "Catalog":
        """Return the snapshot after *facts*; this one stays as it is."""
        tenants, keys, versions = dict(self.tenants), dict(self.keys), dict(self.versions)
        customers, skips, topics = dict(self.customers), dict(self.skips), dict(self.topics)
        webhook_secrets = dict(self.webhook_secrets)
        for fact in facts:
            match fact:
                case TenantNamed():
                    tenants[fact.tenant] = fact
                case KeyIssued():
                    keys[fact.key_hash] = fact
                case WebhookSecretKept():
                    webhook_secrets[fact.secret_id] = fact
                case MetersPublished():
                    versions[fact.version] = fact
                case CustomerPlaced():
                    customers[fact.tenant, fact.customer] = fact
                case RecordSkipped():
                    skips[fact.topic, fact.partition, fact.offset] = fact
                case TopicAdopted():
                    topics[fact.topic] = fact
        return Catalog(
            tenants=tenants,
            keys=keys,
            webhook_secrets=webhook_secrets,
            versions=versions,
            customers=customers,
            skips=skips,
            topics=topics,
        )
