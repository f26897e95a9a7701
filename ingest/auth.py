"""Who sends: from the API key to its tenant. The tenant never comes from a body."""

import hashlib
from typing import Final

from ingest.core.problem import refuse
from schemas.catalog import Catalog

INGEST_SCOPE: Final = "ingest"
READ_SCOPE: Final = "read"
_SCHEME: Final = "bearer "
#: Headers remembered, all of them good, before they are forgotten; and the longest that is kept.
_REMEMBERED: Final = 4_096
_LONGEST: Final = 256


class Senders:
    """Remembers whose a header was, as long as the catalogue stays the same."""

    def __init__(self, *scopes: str) -> None:
        """Let in keys that have one of *scopes*."""
        self._scopes = scopes
        self._catalog = Catalog()
        self._tenants: dict[str, str] = {}

    def __len__(self) -> int:
        """Return how many headers are remembered."""
        return len(self._tenants)

    def tenant_of(self, authorization: str | None, catalog: Catalog) -> str:
        """Return what `tenant_of` says. Raises Refused."""
        if catalog is not self._catalog or len(self._tenants) >= _REMEMBERED:
            self._catalog = catalog
            self._tenants.clear()
        header = authorization or ""
        tenant = self._tenants.get(header)
        if tenant is None:
            tenant = tenant_of(authorization, catalog, *self._scopes)
            if len(header) <= _LONGEST:
                self._tenants[header] = tenant
        return tenant


def tenant_of(authorization: str | None, catalog: Catalog, *scopes: str) -> str:
    """Return the tenant whose key, with one of *scopes*, the Authorization header holds. Raises Refused.

    The key is looked up by its SHA-256, so how long it takes tells nothing about any key.
    """
    if authorization is None or authorization[: len(_SCHEME)].lower() != _SCHEME:
        raise refuse("unauthenticated", "send your API key as `Authorization: Bearer wk_…`")
    secret = authorization[len(_SCHEME) :].strip()
    key = catalog.key(hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest())
    if key is None:
        raise refuse("unauthenticated", "the API key is unknown or revoked")
    if not set(scopes).intersection(key.scopes):
        wanted = " or ".join(map(repr, scopes))
        raise refuse("forbidden", f"the API key lacks the scope {wanted}")
    if key.tenant not in catalog.tenants:
        raise refuse("forbidden", "the API key's tenant does not exist")
    return key.tenant
