"""Who sends: from the API key to its tenant. The tenant never comes from a body."""

import hashlib
import time
from typing import Final, NamedTuple

from ingest.core.problem import refuse
from ingest.core.rates import Bucket, Rates
from schemas.catalog import Catalog, KeyIssued

INGEST_SCOPE: Final = "ingest"
READ_SCOPE: Final = "read"
_SCHEME: Final = "bearer "
#: Headers remembered, all of them good, before they are forgotten; and the longest that is kept.
_REMEMBERED: Final = 4_096
_LONGEST: Final = 256


class Caller(NamedTuple):
    """Whom a key speaks for, and what it may send."""

    tenant: str
    #: Those of the key and of the tenant, where they have a rate.
    buckets: tuple[Bucket, ...]


class Senders:
    """Remembers whose a header was, as long as the catalogue stays the same."""

    def __init__(self, *scopes: str, rates: Rates | None = None) -> None:
        """Let in keys that have one of *scopes*; without *rates*, however much they send."""
        self._scopes = scopes
        self._catalog = Catalog()
        self._callers: dict[str, Caller] = {}
        self._rates = rates

    def __len__(self) -> int:
        """Return how many headers are remembered."""
        return len(self._callers)

    def caller_of(self, authorization: str | None, catalog: Catalog) -> Caller:
        """Return whose key the Authorization header holds. Raises Refused."""
        if catalog is not self._catalog or len(self._callers) >= _REMEMBERED:
            self._catalog = catalog
            self._callers.clear()
            if self._rates is not None:
                self._rates.keep(catalog)
        header = authorization or ""
        caller = self._callers.get(header)
        if caller is None:
            key = key_of(authorization, catalog, *self._scopes)
            caller = Caller(key.tenant, self._buckets(key, catalog))
            if len(header) <= _LONGEST:
                self._callers[header] = caller
        return caller

    def _buckets(self, key: KeyIssued, catalog: Catalog) -> tuple[Bucket, ...]:
        return () if self._rates is None else self._rates.of(key, catalog, time.monotonic_ns())


def key_of(authorization: str | None, catalog: Catalog, *scopes: str) -> KeyIssued:
    """Return the key, with one of *scopes*, that the Authorization header holds. Raises Refused.

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
    return key
