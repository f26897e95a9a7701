"""The tenant comes from the key, and only a valid key of the right scope opens the door."""

import hashlib

import pytest

from ingest.auth import tenant_of
from ingest.core.problem import Refused
from schemas.catalog import Catalog, KeyIssued, TenantNamed

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
    assert tenant_of(f"{scheme} {KEY}", CATALOG) == "acme"


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
        tenant_of(authorization, CATALOG)
    assert (refused.value.problem.code, refused.value.problem.status) == (code, status)
    assert KEY not in refused.value.problem.detail
