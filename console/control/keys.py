"""API keys: issued once, told to the stream by their hash, revoked by a fact."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from console.control.change import Change, change
from console.control.core.key import NewKey, hash_of, new_key
from console.control.core.names import refuse_own
from console.control.core.rates import columns_of, rate_in
from console.control.tenants import find_tenant
from console.queries import queries
from runtime.postgres import Connection
from schemas.canary import is_own
from schemas.catalog import KeyIssued
from schemas.errors import AlreadyDone, Reject
from schemas.rate import Rate


class Key(NamedTuple):
    """A key as it is listed; its text is nowhere."""

    key_id: str
    tenant: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None
    #: Events a second, and at once; None: as many as its tenant may send.
    rate: int | None
    burst: int | None


class Holder(NamedTuple):
    """Whom a key speaks for, and what it may do."""

    tenant: str
    scopes: frozenset[str]


def create_key(
    connection: Connection,
    tenant: str,
    scopes: Sequence[str],
    randomness: bytes,
    rate: Rate | None = None,
) -> tuple[NewKey, str]:
    """Issue a key for *tenant* (id or name); return it, and the tenant's id. Raises Reject."""
    key = new_key(randomness)
    with change(connection) as changed:
        tenant = find_tenant(connection, tenant)
        refuse_own(tenant)
        issue_key(changed, key, tenant, scopes, rate)
    return key, tenant


def issue_key(
    changed: Change, key: NewKey, tenant: str, scopes: Sequence[str], rate: Rate | None = None
) -> None:
    """Issue *key* for *tenant* (id) within a change."""
    row = {
        "key_id": key.key_id,
        "key_hash": key.key_hash,
        "tenant": tenant,
        "scopes": list(scopes),
        **columns_of(rate),
    }
    changed.connection.execute(queries(__package__)["key_add"], row)
    fact = KeyIssued(key.key_id, tenant, key.key_hash.hex(), tuple(scopes), rate=rate)
    changed.record("key.issued", tenant=tenant, after=_shown(fact))
    changed.tell(fact)


def revoke_key(connection: Connection, word: str) -> str:
    """Revoke the key whose id or whole text is *word*; return its id. Raises Reject, AlreadyDone."""
    with change(connection) as changed:
        key = _find(connection, word)
        if key.revoked:
            raise AlreadyDone(key.key_id)
        connection.execute(queries(__package__)["key_revoke"], {"key_id": key.key_id})
        _tell(changed, "key.revoked", key, msgspec.structs.replace(key, revoked=True))
    return key.key_id


def limit_key(connection: Connection, word: str, rate: Rate | None) -> str:
    """Let the key whose id or whole text is *word* send no more than *rate*, or all its tenant may.

    Return its id. Raises Reject.
    """
    with change(connection) as changed:
        key = _find(connection, word)
        if key.revoked:
            raise Reject(f"the key {key.key_id} is revoked: no rate changes anything for it")
        connection.execute(queries(__package__)["key_limit"], {"key_id": key.key_id, **columns_of(rate)})
        _tell(changed, "key.limited", key, msgspec.structs.replace(key, rate=rate))
    return key.key_id


def list_keys(connection: Connection, tenant: str | None = None) -> list[Key]:
    """Return the keys of *tenant*, or of all that people made; revoked ones too."""
    rows = connection.execute(queries(__package__)["key_list"], {"tenant": tenant})
    found = (Key(key_id, of, tuple(scopes), *rest) for key_id, of, scopes, *rest in rows)
    return [key for key in found if key.tenant == tenant or not is_own(key.tenant)]


def holder_of(connection: Connection, key: str) -> Holder | None:
    """Return whom the valid key *key* speaks for; None if there is no such key."""
    found = connection.execute(queries(__package__)["key_by_hash"], {"key_hash": hash_of(key)}).fetchone()
    return None if found is None else Holder(found[0], frozenset(found[1]))


def _find(connection: Connection, word: str) -> KeyIssued:
    """Return the key as the stream knows it. Raises Reject."""
    wanted = {"key_id": word, "key_hash": hash_of(word)}
    found = connection.execute(queries(__package__)["key_find"], wanted).fetchone()
    if found is None:
        raise Reject("there is no such key: see `weir key list`")
    key_id, key_hash, tenant, scopes, revoked_at, *rate = found
    return KeyIssued(key_id, tenant, key_hash.hex(), tuple(scopes), revoked_at is not None, rate_in(*rate))


def _tell(changed: Change, what: str, before: KeyIssued, after: KeyIssued) -> None:
    changed.record(what, tenant=after.tenant, before=_shown(before), after=_shown(after))
    changed.tell(after)


def _shown(key: KeyIssued) -> dict[str, object]:
    """Return what the audit log says of a key: neither its text nor its hash."""
    return {
        "key_id": key.key_id,
        "scopes": list(key.scopes),
        "revoked": key.revoked,
        "rate": None if key.rate is None else msgspec.structs.asdict(key.rate),
    }
