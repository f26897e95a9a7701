"""Secrets of webhooks: kept sealed, told to the ingress sealed, and shown to nobody."""

import hmac
from typing import NamedTuple

import msgspec

from console.control.change import Change, change
from console.control.core.names import refuse_own
from console.control.core.webhook_secret import secret_id
from console.control.tenants import find_tenant
from console.queries import queries
from runtime.postgres import Connection
from runtime.sealing import Keyring
from schemas.canary import is_own
from schemas.catalog import WebhookSecretKept
from schemas.errors import AlreadyDone, Reject
from schemas.instant import format_instant


class Kept(NamedTuple):
    """A secret as it is listed."""

    secret_id: str
    tenant: str
    #: current, previous (it holds until a moment) or ended.
    state: str
    created_at: str
    expires_at: str | None


def add_secret(
    connection: Connection, keyring: Keyring, tenant: str, text: str, randomness: bytes, now_ms: int
) -> WebhookSecretKept:
    """Keep *text* as the first secret of *tenant* (id or name). Raises Reject."""
    with change(connection) as changed:
        tenant = find_tenant(connection, tenant)
        refuse_own(tenant)
        for secret in _secrets(connection, tenant):
            if secret.expires_at_ms is None:
                raise Reject(
                    f"tenant {tenant} has a secret: `weir webhook secret rotate {tenant}` takes the next one "
                    "and lets both hold for a while"
                )
        return _add(changed, keyring, tenant, text, randomness, now_ms)


def rotate_secret(
    connection: Connection,
    keyring: Keyring,
    tenant: str,
    text: str,
    randomness: bytes,
    now_ms: int,
    overlap_ms: int,
) -> WebhookSecretKept:
    """Keep *text* as the secret of *tenant* (id or name); those before it hold *overlap_ms* longer.

    Raises Reject.
    """
    with change(connection) as changed:
        tenant = find_tenant(connection, tenant)
        current = [each for each in _secrets(connection, tenant) if each.expires_at_ms is None]
        if not current:
            raise Reject(f"tenant {tenant} has no secret yet: `weir webhook secret add {tenant}`")
        for secret in current:
            if hmac.compare_digest(keyring.open(secret.sealed, secret.purpose), text.encode()):
                raise Reject(f"that is the secret of {tenant} that holds now: have Stripe roll it first")
            _end(changed, secret, now_ms + overlap_ms)
        return _add(changed, keyring, tenant, text, randomness, now_ms)


def revoke_secret(connection: Connection, word: str, now_ms: int) -> WebhookSecretKept:
    """Let the secret with the id *word* verify nothing from now on. Raises Reject, AlreadyDone."""
    with change(connection) as changed:
        for secret in _secrets(connection, None):
            if secret.secret_id == word:
                if not secret.holds_at(now_ms):
                    raise AlreadyDone(word)
                return _end(changed, secret, now_ms)
    raise Reject("there is no such secret: see `weir webhook secret list`")


def reseal_secrets(changed: Change, keyring: Keyring) -> int:
    """Seal with the present key what was sealed with the one before; return how many secrets it were.

    Raises Misconfigured where a secret cannot be opened.
    """
    old = [each for each in _secrets(changed.connection, None) if not keyring.is_current(each.sealed)]
    for secret in old:
        anew = keyring.seal(keyring.open(secret.sealed, secret.purpose), secret.purpose)
        _keep(changed, "webhook_secret.sealed_anew", secret, msgspec.structs.replace(secret, sealed=anew))
    return len(old)


def list_secrets(connection: Connection, tenant: str | None, now_ms: int) -> list[Kept]:
    """Return the secrets of *tenant* (id), or of all that people made; the newest first."""
    return [
        Kept(
            each.secret_id,
            each.tenant,
            _state(each, now_ms),
            format_instant(each.created_at_ms),
            None if each.expires_at_ms is None else format_instant(each.expires_at_ms),
        )
        for each in _secrets(connection, tenant)
        if not is_own(each.tenant)
    ]


def current_secret(connection: Connection, keyring: Keyring, tenant: str) -> str:
    """Return the text of the secret of *tenant* (id) that Stripe signs with now. Raises Reject."""
    for secret in _secrets(connection, tenant):
        if secret.expires_at_ms is None:
            return keyring.open(secret.sealed, secret.purpose).decode()
    raise Reject(f"tenant {tenant} has no secret yet: `weir webhook secret add {tenant}`")


def sealed_secrets(connection: Connection, now_ms: int) -> list[tuple[str, bytes]]:
    """Return purpose and sealed form of every secret that verifies something at *now_ms*."""
    return [
        (each.purpose, each.sealed)
        for each in _secrets(connection, None)
        if each.holds_at(now_ms) and not is_own(each.tenant)
    ]


def _secrets(connection: Connection, tenant: str | None) -> list[WebhookSecretKept]:
    rows = connection.execute(queries(__package__)["webhook_secret_list"], {"tenant": tenant})
    return [WebhookSecretKept(*row) for row in rows]


def _add(
    changed: Change, keyring: Keyring, tenant: str, text: str, randomness: bytes, now_ms: int
) -> WebhookSecretKept:
    bare = WebhookSecretKept(secret_id(randomness), tenant, b"", now_ms)
    secret = msgspec.structs.replace(bare, sealed=keyring.seal(text.encode(), bare.purpose))
    changed.connection.execute(queries(__package__)["webhook_secret_add"], msgspec.structs.asdict(secret))
    changed.record("webhook_secret.added", tenant=tenant, after=_shown(secret))
    changed.tell(secret)
    return secret


def _end(changed: Change, secret: WebhookSecretKept, at_ms: int) -> WebhookSecretKept:
    return _keep(
        changed, "webhook_secret.ended", secret, msgspec.structs.replace(secret, expires_at_ms=at_ms)
    )


def _keep(
    changed: Change, what: str, before: WebhookSecretKept, after: WebhookSecretKept
) -> WebhookSecretKept:
    changed.connection.execute(queries(__package__)["webhook_secret_change"], msgspec.structs.asdict(after))
    changed.record(what, tenant=after.tenant, before=_shown(before), after=_shown(after))
    changed.tell(after)
    return after


def _shown(secret: WebhookSecretKept) -> dict[str, object]:
    """Return what the audit log says of a secret: not even its sealed form."""
    ends = secret.expires_at_ms
    return {"secret_id": secret.secret_id, "expires_at": None if ends is None else format_instant(ends)}


def _state(secret: WebhookSecretKept, now_ms: int) -> str:
    if secret.expires_at_ms is None:
        return "current"
    return "previous" if secret.holds_at(now_ms) else "ended"
