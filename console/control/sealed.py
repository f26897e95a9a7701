"""All that is kept sealed, so that the key that seals can be changed in one step."""

from console.control.change import change
from console.control.stripe_keys import reseal_keys
from console.control.webhook_secrets import reseal_secrets
from runtime.postgres import Connection
from runtime.sealing import Keyring


def reseal(connection: Connection, keyring: Keyring) -> int:
    """Seal with the present key what was sealed with the one before, all or nothing; return how many it were.

    Raises Misconfigured where something cannot be opened.
    """
    with change(connection) as changed:
        return reseal_secrets(changed, keyring) + reseal_keys(changed, keyring)
