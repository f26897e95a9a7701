"""A snapshot follows from its facts alone, whatever is repeated, and never changes under its readers."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalog import (
    Catalog,
    CustomerPlaced,
    Fact,
    KeyIssued,
    MetersPublished,
    Placement,
    RecordSkipped,
    TenantNamed,
    TopicAdopted,
    WebhookSecretKept,
    decode_fact,
    encode_fact,
    fact_key,
)
from schemas.errors import Reject
from schemas.instant import HOUR_MS
from schemas.meters import Aggregation, Meter
from schemas.plan import Mode, OnUnavailable, Plan, Quota
from schemas.quantity import MICRO
from schemas.rate import Rate
from schemas.use_limit import UseLimit

API = Meter(name="api", event_type="api", unit="requests", default_one=True)
CALLS = Meter(name="calls", event_type="api", aggregation=Aggregation.COUNT)
STORAGE = Meter(name="storage", event_type="storage", properties=("bytes", "hours"), per_unit=2**30)

TENANT = TenantNamed("acme", "Acme & Söhne")
KEY = KeyIssued("deadbeef", "acme", "ab" * 32, ("ingest", "read"), rate=Rate(1_000, 2_000))
FIRST = MetersPublished(1, 0, (API,))
SECOND = MetersPublished(2, 10 * HOUR_MS, (API, CALLS, STORAGE), grace_ms=25 * HOUR_MS)
SKIP = RecordSkipped("usage", 3, 1042, "bad bytes")
TOPIC = TopicAdopted("usage", "Zm9v", 1, 12)
FREE = Plan(
    name="free",
    quotas=(
        Quota(meter="api", limit_micro=10_000 * MICRO),
        Quota(
            meter="calls",
            limit_micro=None,
            mode=Mode.SOFT,
            period="7d",
            grace_ms=60_000,
            thresholds=(50, 100),
        ),
    ),
    on_unavailable=OnUnavailable.DENY,
    upgrade_url="https://example.com/plans",
)
PLANNED = MetersPublished(3, 20 * HOUR_MS, (API,), plans=(FREE,), default_plan="free")
LIMITED = MetersPublished(
    4,
    30 * HOUR_MS,
    (),
    plans=(
        Plan(
            name="fast",
            limits=(
                UseLimit(
                    meter="api",
                    per_second_micro=10 * MICRO,
                    burst_micro=20 * MICRO,
                    per_minute_micro=300 * MICRO,
                    concurrent=5,
                ),
                UseLimit(meter="calls", concurrent=1),
            ),
        ),
    ),
)
PLACED = CustomerPlaced("acme", "c/1", "free", HOUR_MS)
HUSH = WebhookSecretKept("ws_1", "acme", b"sealed", 5, 9)
FACTS: list[Fact] = [TENANT, KEY, HUSH, FIRST, SECOND, PLANNED, LIMITED, PLACED, SKIP, TOPIC]


@pytest.mark.parametrize(
    ("fact", "key", "value"),
    [
        (
            TENANT,
            "tenant/acme",
            '{"fact":"tenant","tenant":"acme","name":"Acme & Söhne","events_per_month":null,"rate":null}',
        ),
        (
            KEY,
            "key/deadbeef",
            (
                f'{{"fact":"key","key_id":"deadbeef","tenant":"acme","key_hash":"{"ab" * 32}",'
                '"scopes":["ingest","read"],"revoked":false,"rate":{"per_second":1000,"burst":2000}}'
            ),
        ),
        (
            HUSH,
            "webhook-secret/ws_1",
            (
                '{"fact":"webhook_secret","secret_id":"ws_1","tenant":"acme","sealed":"c2VhbGVk",'
                '"created_at_ms":5,"expires_at_ms":9}'
            ),
        ),
        (
            FIRST,
            "meters/1",
            (
                '{"fact":"meters","version":1,"effective_from_ms":0,"meters":'
                '[{"name":"api","event_type":"api","unit":"requests","default_one":true}],"grace_ms":3600000,'
                '"plans":[],"default_plan":""}'
            ),
        ),
        (
            PLANNED,
            "meters/3",
            (
                '{"fact":"meters","version":3,"effective_from_ms":72000000,"meters":'
                '[{"name":"api","event_type":"api","unit":"requests","default_one":true}],"grace_ms":3600000,'
                '"plans":[{"name":"free","quotas":[{"meter":"api","limit_micro":10000000000},'
                '{"meter":"calls","limit_micro":null,"mode":"soft","period":"7d","grace_ms":60000,'
                '"thresholds":[50,100]}],"on_unavailable":"deny",'
                '"upgrade_url":"https://example.com/plans"}],"default_plan":"free"}'
            ),
        ),
        (
            LIMITED,
            "meters/4",
            (
                '{"fact":"meters","version":4,"effective_from_ms":108000000,"meters":[],"grace_ms":3600000,'
                '"plans":[{"name":"fast","limits":[{"meter":"api","per_second_micro":10000000,'
                '"burst_micro":20000000,"per_minute_micro":300000000,"concurrent":5},'
                '{"meter":"calls","concurrent":1}]}],"default_plan":""}'
            ),
        ),
        (
            PLACED,
            "customer/acme/c/1",
            '{"fact":"customer","tenant":"acme","customer":"c/1","plan":"free","anchor_ms":3600000}',
        ),
        (
            SKIP,
            "skip/usage/3/1042",
            '{"fact":"skip","topic":"usage","partition":3,"offset":1042,"reason":"bad bytes"}',
        ),
        (
            TOPIC,
            "topic/usage",
            '{"fact":"topic","topic":"usage","topic_id":"Zm9v","generation":1,"partitions":12}',
        ),
    ],
)
def test_a_fact_on_the_wire_is_pinned(fact: Fact, key: str, value: str) -> None:
    assert fact_key(fact) == key
    assert encode_fact(fact).decode() == value
    assert decode_fact(value.encode()) == fact


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_comes_back_as_it_was(fact: Fact) -> None:
    assert decode_fact(encode_fact(fact)) == fact


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{}",
        b'{"fact":"plan"}',
        b'{"fact":"tenant"}',
        b'{"fact":"tenant","tenant":1,"name":"x"}',
        b"\xff",
        b'{"x":' + b"[" * 100_000,
    ],
)
def test_what_is_no_fact_is_rejected(value: bytes) -> None:
    with pytest.raises(Reject):
        decode_fact(value)


def test_a_field_of_a_later_release_does_not_disturb() -> None:
    assert decode_fact(b'{"fact":"tenant","tenant":"acme","name":"A","plan":"pro"}') == TenantNamed(
        "acme", "A"
    )


def test_a_snapshot_does_not_change_under_its_reader() -> None:
    before = Catalog().with_facts([TENANT, FIRST])
    after = before.with_facts([KEY, SECOND])
    assert (before.version, after.version) == (1, 2)
    assert before.key(KEY.key_hash) is None
    assert after.key(KEY.key_hash) == KEY
    assert after.tenants == before.tenants == {"acme": TENANT}


@given(st.permutations(FACTS), st.integers(0, 6))
def test_facts_may_be_repeated_and_come_in_any_pieces(facts: list[Fact], cut: int) -> None:
    whole = Catalog().with_facts(FACTS)
    assert Catalog().with_facts(facts[:cut]).with_facts(facts).with_facts(facts[cut:]) == whole


def test_a_revoked_key_is_no_key() -> None:
    revoked = KeyIssued(KEY.key_id, KEY.tenant, KEY.key_hash, KEY.scopes, revoked=True)
    assert Catalog().with_facts([KEY, revoked]).key(KEY.key_hash) is None
    assert Catalog().key(KEY.key_hash) is None


@pytest.mark.parametrize(
    ("occurred_at_ms", "version"),
    [(-HOUR_MS, 1), (0, 1), (10 * HOUR_MS - 1, 1), (10 * HOUR_MS, 2), (11 * HOUR_MS, 2)],
)
def test_the_version_in_force_is_a_matter_of_event_time(occurred_at_ms: int, version: int) -> None:
    assert Catalog().with_facts([SECOND, FIRST]).meters_at(occurred_at_ms).version == version


def test_the_first_version_reaches_back_for_ever() -> None:
    assert Catalog().with_facts([SECOND]).meters_at(0).version == 2


def test_of_two_versions_from_the_same_hour_the_newer_one_counts() -> None:
    third = MetersPublished(3, SECOND.effective_from_ms, (API,))
    assert Catalog().with_facts([third, SECOND, FIRST]).meters_at(10 * HOUR_MS).version == 3


def test_every_meter_of_a_type_measures_it_and_no_meter_is_unmatched() -> None:
    meters = Catalog().with_facts([FIRST, SECOND]).meters_at(10 * HOUR_MS)
    assert meters.grace_ms == 25 * HOUR_MS
    assert meters.measuring("api") == (API, CALLS)
    assert meters.measuring("storage") == (STORAGE,)
    assert meters.measuring("API") == ()


def test_an_empty_catalogue_has_version_0() -> None:
    assert Catalog().version == 0


@pytest.mark.parametrize(
    ("wire", "fact"),
    [
        (b'{"fact":"tenant","tenant":"acme","name":"A"}', TenantNamed("acme", "A")),
        (
            b'{"fact":"meters","version":1,"effective_from_ms":0,"meters":[],"grace_ms":5}',
            MetersPublished(1, 0, (), 5),
        ),
        (
            b'{"fact":"key","key_id":"k","tenant":"acme","key_hash":"ab","scopes":["read"],"revoked":true}',
            KeyIssued("k", "acme", "ab", ("read",), revoked=True),
        ),
    ],
)
def test_what_the_release_before_wrote_is_read(wire: bytes, fact: Fact) -> None:
    assert decode_fact(wire) == fact


def test_a_customer_is_on_the_plan_it_was_placed_on_last_else_on_the_default() -> None:
    pro = Plan(name="pro")
    version = msgspec.structs.replace(PLANNED, version=1, effective_from_ms=0, plans=(FREE, pro))
    known = Catalog().with_facts([version, CustomerPlaced("acme", "c-1", "pro", 7)])
    assert known.plan_of("acme", "c-1", 0) == Placement(pro, 7)
    assert known.plan_of("acme", "c-2", 0) == known.plan_of("globex", "c-1", 0) == Placement(FREE, 0)
    back = known.with_facts([CustomerPlaced("acme", "c-1", "free", 9)])
    assert back.plan_of("acme", "c-1", 0) == Placement(FREE, 9)
    later = back.with_facts([SECOND])
    assert later.plan_of("acme", "c-1", 10 * HOUR_MS - 1) == Placement(FREE, 9)
    assert later.plan_of("acme", "c-1", 10 * HOUR_MS) == Placement(None, 9)
