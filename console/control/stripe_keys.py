"""Keys of Stripe's API: kept sealed for the sinks, which read them from PostgreSQL, and shown to nobody."""

import hmac
from typing import NamedTuple

from console.control.change import Change, change
from console.control.core.names import refuse_own
from console.control.core.stripe_key import key_id, last_four
from console.control.tenants import find_tenant
from console.queries import queries
from runtime.postgres import Connection
from runtime.sealing import Keyring
from schemas.errors import AlreadyDone, Reject
from schemas.instant import format_instant
from schemas.stripe_key import purpose_of
from schemas.webhook import TRIAL
from sinks import sql
from sinks.jobs.defer import defer
from sinks.stripe.core.belonging import HEARD, Heard, mode_fault
from sinks.stripe.orders import walk_order


class Kept(NamedTuple):
    """A key as it is listed."""

    key_id: str
    tenant: str
    last_four: str
    created_at: str
    revoked_at: str | None


class _Row(NamedTuple):
    key_id: str
    tenant: str
    #: None: it was revoked.
    sealed: bytes | None
    last_four: str
    created_at_ms: int
    revoked_at_ms: int | None

    @property
    def kept(self) -> Kept:
        revoked = self.revoked_at_ms
        return Kept(
            self.key_id,
            self.tenant,
            self.last_four,
            format_instant(self.created_at_ms),
            None if revoked is None else format_instant(revoked),
        )

    def opened(self, keyring: Keyring) -> bytes | None:
        """Return the key; None where it was revoked. Raises Misconfigured."""
        if self.sealed is None:
            return None
        return keyring.open(self.sealed, purpose_of(self.tenant, self.key_id))


def add_key(
    connection: Connection, keyring: Keyring, tenant: str, text: str, randomness: bytes, now_ms: int
) -> Kept:
    """Keep *text* as the key that Stripe is asked with for *tenant* (id or name) from now on.

    Raises Reject where it is kept already, and where it is of another mode than the tenant's webhooks.
    """
    with change(connection) as changed:
        tenant = find_tenant(connection, tenant)
        refuse_own(tenant)
        for each in _rows(connection, tenant):
            opened = each.opened(keyring)
            if opened is not None and hmac.compare_digest(opened, text.encode()):
                raise Reject(f"tenant {tenant} has this key already, as {each.key_id}")
        fault = mode_fault(tenant, text, _heard(connection, tenant))
        if fault is not None:
            raise Reject(fault)
        name = key_id(randomness)
        sealed = keyring.seal(text.encode(), purpose_of(tenant, name))
        row = _Row(name, tenant, sealed, last_four(text), now_ms, None)
        connection.execute(queries(__package__)["stripe_key_add"], row._asdict())
        _record(changed, "stripe_key.added", row.kept)
        return row.kept


def order_walk(connection: Connection, tenant: str) -> None:
    """Have the sinks compare what came for *tenant* (id) with Stripe's list now: it tells of a wrong key."""
    defer(connection, walk_order(tenant))


def revoke_key(connection: Connection, word: str, now_ms: int) -> Kept:
    """Have nobody use the key with the id *word* from now on, and forget it. Raises Reject, AlreadyDone."""
    with change(connection) as changed:
        for each in _rows(connection, None):
            if each.key_id == word:
                if each.revoked_at_ms is not None:
                    raise AlreadyDone(word)
                row = each._replace(sealed=None, revoked_at_ms=now_ms)
                connection.execute(queries(__package__)["stripe_key_change"], row._asdict())
                _record(changed, "stripe_key.revoked", row.kept)
                return row.kept
    raise Reject("there is no such key: see `weir stripe-key list`")


def reseal_keys(changed: Change, keyring: Keyring) -> int:
    """Seal with the present key what was sealed with the one before; return how many keys it were.

    Raises Misconfigured where one cannot be opened.
    """
    number = 0
    for each in _rows(changed.connection, None):
        if each.sealed is None or keyring.is_current(each.sealed):
            continue
        purpose = purpose_of(each.tenant, each.key_id)
        anew = each._replace(sealed=keyring.seal(keyring.open(each.sealed, purpose), purpose))
        changed.connection.execute(queries(__package__)["stripe_key_change"], anew._asdict())
        _record(changed, "stripe_key.sealed_anew", anew.kept)
        number += 1
    return number


def list_keys(connection: Connection, tenant: str | None) -> list[Kept]:
    """Return the keys of *tenant* (id), or of all; the newest first, which is the one in use."""
    return [each.kept for each in _rows(connection, tenant)]


def sealed_keys(connection: Connection) -> list[tuple[str, bytes]]:
    """Return purpose and sealed form of every key that was not revoked."""
    return [
        (purpose_of(each.tenant, each.key_id), each.sealed)
        for each in _rows(connection, None)
        if each.sealed is not None
    ]


def _heard(connection: Connection, tenant: str) -> list[Heard]:
    values = {"tenant": tenant, "trial": f"{TRIAL}%", "most": HEARD}
    return [Heard(*row) for row in connection.execute(sql.queries()["stripe_heard"], values)]


def _rows(connection: Connection, tenant: str | None) -> list[_Row]:
    rows = connection.execute(queries(__package__)["stripe_key_list"], {"tenant": tenant})
    return [_Row(*row) for row in rows]


def _record(changed: Change, what: str, kept: Kept) -> None:
    shown = {"key_id": kept.key_id, "last_four": kept.last_four, "revoked_at": kept.revoked_at}
    changed.record(what, tenant=kept.tenant, after=shown)
