"""Ids are made once and readably; a key is 256 random bits, known by its hash alone."""

from hashlib import sha256

import pytest

from console.control.core.key import hash_of, is_key, new_key, scopes_of
from console.control.core.names import tenant_id
from schemas.errors import Reject


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("acme", "acme"),
        ("Acme_1.de", "Acme_1.de"),
        ("Acme Inc.", "acme-inc"),
        ("Çelik & Söhne", "celik-sohne"),
        ("a/b", "a-b"),
        ("x" * 100, "x" * 64),
    ],
)
def test_a_tenants_id_is_its_name_where_it_can_be(name: str, expected: str) -> None:
    assert tenant_id(name) == expected


@pytest.mark.parametrize("name", ["", "   ", "\n", "日本", "a\0b", "x" * 129, "weir.", "weir.canary"])
def test_a_name_without_an_id_in_it_or_of_our_own_is_refused(name: str) -> None:
    with pytest.raises(Reject):
        tenant_id(name)


def test_a_key_is_its_random_bits_and_known_by_its_hash() -> None:
    key = new_key(bytes(range(32)))
    assert key.text == "wk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert is_key(key.text)
    assert key.key_hash == sha256(key.text.encode()).digest() == hash_of(key.text)
    assert key.key_id == key.key_hash.hex()[:8]


def test_a_key_takes_all_of_its_randomness() -> None:
    assert new_key(bytes(32)).text != new_key(bytes(31) + b"\1").text
    with pytest.raises(ValueError, match="32 random bytes"):
        new_key(bytes(16))


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["read,ingest"], ("ingest", "read")), (["admin", "read", "read"], ("read", "admin"))],
)
def test_scopes_come_in_any_order_and_go_in_ours(words: list[str], expected: tuple[str, ...]) -> None:
    assert scopes_of(words) == expected


@pytest.mark.parametrize("words", [[], [""], ["ingest,write"], ["INGEST"]])
def test_what_is_no_scope_is_refused(words: list[str]) -> None:
    with pytest.raises(Reject, match="choose from"):
        scopes_of(words)
