"""Secrets come and go with the catalogue, each until its moment."""

import pytest

from ingest.webhook_secrets import WebhookSecrets
from runtime.sealing import Keyring
from runtime.settings import Settings
from schemas.catalog import Catalog, WebhookSecretKept
from schemas.errors import Misconfigured

KEY = "k" * 43
NOW = 1_795_255_200_000


def kept(secret_id: str, text: str, *, at_ms: int = 1, until_ms: int | None = None) -> WebhookSecretKept:
    """Return the fact of a secret of acme's."""
    bare = WebhookSecretKept(secret_id, "acme", b"", at_ms, until_ms)
    sealed = Keyring(KEY).seal(text.encode(), bare.purpose)
    return WebhookSecretKept(secret_id, "acme", sealed, at_ms, until_ms)


class Given:
    """A catalogue that changes."""

    def __init__(self, *facts: WebhookSecretKept, key: str = KEY) -> None:
        self.catalog = Catalog().with_facts(facts)
        environ = {"WEIR_SECRET_KEY": key} if key else {}
        self.secrets = WebhookSecrets(Settings.load(environ), lambda: self.catalog)

    def texts(self, tenant: str = "acme", now_ms: int = NOW) -> list[str]:
        """Return what a webhook of *tenant* may be signed with."""
        return [secret.text for secret in self.secrets.of(tenant, now_ms)]

    def add(self, *facts: WebhookSecretKept) -> None:
        """Change the catalogue."""
        self.catalog = self.catalog.with_facts(facts)


def test_a_tenant_without_a_secret_has_none_as_has_one_that_is_unknown() -> None:
    given = Given(kept("a", "whsec_a"))
    assert given.texts("bolt") == []
    assert given.secrets.any
    assert not Given().secrets.any


def test_the_newest_comes_first_and_an_old_one_holds_until_its_moment() -> None:
    given = Given(kept("a", "whsec_a", at_ms=1, until_ms=NOW), kept("b", "whsec_b", at_ms=2))
    assert given.texts(now_ms=NOW - 1) == ["whsec_b", "whsec_a"]
    assert given.texts(now_ms=NOW) == ["whsec_b"]


def test_a_tenant_whose_last_secret_has_ended_has_none() -> None:
    assert Given(kept("a", "whsec_a", until_ms=NOW)).texts() == []


def test_they_follow_the_catalogue() -> None:
    given = Given(kept("a", "whsec_a"))
    assert given.texts() == ["whsec_a"]
    given.add(kept("a", "whsec_a", until_ms=NOW), kept("b", "whsec_b", at_ms=2))
    assert given.texts() == ["whsec_b"]


def test_one_that_does_not_open_leaves_the_others() -> None:
    broken = WebhookSecretKept("b", "acme", b"nonsense", 2)
    assert Given(kept("a", "whsec_a"), broken).texts() == ["whsec_a"]


@pytest.mark.parametrize("key", ["", "x" * 43])
def test_without_the_key_nothing_can_be_verified_and_that_is_said(key: str) -> None:
    with pytest.raises(Misconfigured, match="WEIR_SECRET_KEY"):
        Given(kept("a", "whsec_a"), key=key).texts()
