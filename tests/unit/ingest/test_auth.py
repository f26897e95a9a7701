"""The tenant comes from the key, and only a valid key of the right scope opens the door."""

import hashlib

import pytest

from ingest.auth import INGEST_SCOPE, Senders, key_of
from ingest.core.problem import Refused
from ingest.core.rates import Rates
from schemas.catalog import Catalog, KeyIssued, TenantNamed
from schemas.rate import Rate

KEY = "wk_" + "a" * 43


def issued(key: str, *scopes: str, tenant: str = "acme", revoked: bool = False) -> KeyIssued:
    key_hash = hashlib.sha256(key.encode()).hexdigest()
    return KeyIssued(key_hash[:8], tenant, key_hash, scopes, revoked)


CATALOG = Catalog().with_facts(
    [
        TenantNamed("acme", "Acme"),
        issued(KEY, "read", "ingest"),
        issued("reader", "read"),
        issued("orphan", "ingest", tenant="nobody"),
        issued("revoked", "ingest", revoked=True),
    ]
)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_valid_key_names_its_tenant(scheme: str) -> None:
    assert key_of(f"{scheme} {KEY}", CATALOG, INGEST_SCOPE).tenant == "acme"


@pytest.mark.parametrize(
    ("authorization", "code", "status"),
    [
        (None, "unauthenticated", 401),
        ("", "unauthenticated", 401),
        (KEY, "unauthenticated", 401),
        (f"Basic {KEY}", "unauthenticated", 401),
        ("Bearer ", "unauthenticated", 401),
        (f"Bearer {KEY[:-1]}", "unauthenticated", 401),
        (f"Bearer {KEY.upper()}", "unauthenticated", 401),
        ("Bearer revoked", "unauthenticated", 401),
        ("Bearer \udcff", "unauthenticated", 401),
        ("Bearer reader", "forbidden", 403),
        ("Bearer orphan", "forbidden", 403),
    ],
)
def test_all_else_is_turned_away(authorization: str | None, code: str, status: int) -> None:
    with pytest.raises(Refused) as refused:
        key_of(authorization, CATALOG, INGEST_SCOPE)
    assert (refused.value.problem.code, refused.value.problem.status) == (code, status)
    assert KEY not in refused.value.problem.detail


def test_a_key_that_is_remembered_stops_working_when_it_is_revoked() -> None:
    senders = Senders(INGEST_SCOPE)
    for _ in range(2):
        assert senders.caller_of(f"Bearer {KEY}", CATALOG).tenant == "acme"
    with pytest.raises(Refused):
        senders.caller_of(f"Bearer {KEY}", CATALOG.with_facts([issued(KEY, "ingest", revoked=True)]))
    assert senders.caller_of(f"Bearer {KEY}", CATALOG).tenant == "acme"


@pytest.mark.parametrize("authorization", [None, "", "Bearer unknown", "Bearer orphan", "Bearer reader"])
def test_who_is_refused_is_refused_again(authorization: str | None) -> None:
    senders = Senders(INGEST_SCOPE)
    senders.caller_of(f"Bearer {KEY}", CATALOG)
    for _ in range(2):
        with pytest.raises(Refused):
            senders.caller_of(authorization, CATALOG)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.auth._REMEMBERED", 2)
    senders = Senders(INGEST_SCOPE)
    for scheme in ("Bearer", "bearer", "BEARER", "bEARER") * 2:
        assert senders.caller_of(f"{scheme} {KEY}", CATALOG).tenant == "acme"
    assert len(senders) <= 2


def test_a_header_blown_up_with_blanks_is_not_remembered() -> None:
    senders = Senders(INGEST_SCOPE)
    assert senders.caller_of(f"Bearer {' ' * 1_000}{KEY}", CATALOG).tenant == "acme"
    assert len(senders) == 0


def test_a_changed_rate_holds_from_the_next_request_on_and_is_shared_by_all_headers_of_a_key() -> None:
    senders = Senders(INGEST_SCOPE, rates=Rates())
    assert senders.caller_of(f"Bearer {KEY}", CATALOG).buckets == ()
    limited = CATALOG.with_facts([TenantNamed("acme", "Acme", rate=Rate(1, 1))])
    buckets = senders.caller_of(f"Bearer {KEY}", limited).buckets
    assert [bucket.rate for bucket in buckets] == [Rate(1, 1)]
    assert senders.caller_of(f"bearer {KEY}", limited).buckets == buckets
    assert senders.caller_of(f"Bearer {KEY}", CATALOG).buckets == ()
    assert Senders(INGEST_SCOPE).caller_of(f"Bearer {KEY}", limited).buckets == ()
