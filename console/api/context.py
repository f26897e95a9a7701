"""What every handler may use."""

import asyncio
import secrets
from typing import Final, NamedTuple

from aiohttp import web

from console.usage.log_ends import LogWatch
from runtime.postgres import Pool
from runtime.settings import Settings


class Context(NamedTuple):
    """The shared parts of the read API."""

    settings: Settings
    pool: Pool
    log: LogWatch
    #: Seals cursors.
    secret: bytes
    #: Look-ups and recounts read files and the log's end: a few at a time, or they starve the rest.
    look_ups: asyncio.Semaphore
    recounts: asyncio.Semaphore


CONTEXT: Final = web.AppKey("context", Context)


def secret_of(settings: Settings) -> bytes:
    """Return what seals cursors; without a secret key they end with this process."""
    return settings.secret_key.encode() or secrets.token_bytes(32)
