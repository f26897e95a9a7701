"""A tenant that a made-up Stripe tells its story to: its secret, and what its mirror says in the end."""

import os
import secrets
import time

from console.control.core.webhook_secret import RANDOM_BYTES
from console.control.webhook_secrets import add_secret
from console.demo.core.ends import End
from console.queries import queries
from runtime.postgres import Connection
from runtime.sealing import Keyring
from runtime.settings import Settings


def open_endpoint(settings: Settings, connection: Connection, tenant: str) -> str:
    """Give *tenant* (id) the secret of an endpoint, and return it. Raises Reject where it has one."""
    secret = new_secret()
    now_ms = time.time_ns() // 1_000_000
    add_secret(connection, Keyring.of(settings), tenant, secret, os.urandom(RANDOM_BYTES), now_ms)
    return secret


def new_secret() -> str:
    """Return a secret as Stripe makes one for an endpoint."""
    return f"whsec_{secrets.token_hex(16)}"


def mirrored_ends(connection: Connection, tenant: str) -> set[End]:
    """Return how the objects of *tenant* (id) end in the mirror."""
    return {
        End(*row) for row in connection.execute(queries(__package__)["mirrored_ends"], {"tenant": tenant})
    }
