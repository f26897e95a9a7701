"""The canary's account: a tenant of Weir's own, and one key that works, known to its process alone."""

from console.control.change import change
from console.control.core.key import new_key
from console.control.keys import issue_key, list_keys, revoke_key
from console.control.tenants import add_tenant
from runtime.postgres import Connection
from schemas.canary import CANARY

_NAME = "Weir's canary"
_SCOPES = ("ingest", "read")


def open_account(connection: Connection, randomness: bytes) -> str:
    """Make sure that the canary's tenant is there, and return the text of a new key for it.

    Call it with the canary's lock held: the keys of those before us are revoked.
    """
    key = new_key(randomness)
    close_account(connection)
    with change(connection) as changed:
        add_tenant(changed, CANARY, _NAME)
        issue_key(changed, key, CANARY, _SCOPES)
    return key.text


def close_account(connection: Connection) -> None:
    """Revoke every key of the canary."""
    for old in list_keys(connection, CANARY):
        if old.revoked_at is None:
            revoke_key(connection, old.key_id)
