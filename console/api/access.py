"""Who asks: the tenant comes from the API key and from nowhere else, in PostgreSQL too."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from aiohttp import web

from console.api.context import CONTEXT, Context
from console.api.core.problem import refuse
from console.control.core.key import hash_of
from console.queries import queries
from console.usage.snapshot import snapshot
from runtime.postgres import AsyncConnection

READ: Final = "read"
_SCHEME: Final = "bearer "


class Caller(NamedTuple):
    """A tenant, and the SHA-256 of the key that proves it."""

    tenant: str
    key_hash: bytes


async def caller_of(request: web.Request) -> Caller:
    """Return the tenant whose key the request carries. Raises Refused.

    The key is looked up by its SHA-256, so how long it takes tells nothing about any key; a revoked
    one is refused at once.
    """
    authorization = request.headers.get("Authorization", "")
    if authorization[: len(_SCHEME)].lower() != _SCHEME:
        raise refuse("unauthenticated", "send your API key as `Authorization: Bearer wk_…`")
    key_hash = hash_of(authorization[len(_SCHEME) :].strip())
    async with request.app[CONTEXT].pool.connection() as connection:
        asked = await connection.execute(queries(__package__)["key_holder"], {"key_hash": key_hash})
        found = await asked.fetchone()
    if found is None:
        raise refuse("unauthenticated", "the API key is unknown or revoked")
    tenant, scopes = found
    if READ not in scopes:
        raise refuse("forbidden", f"the API key lacks the scope {READ!r}")
    return Caller(tenant, key_hash)


@asynccontextmanager
async def reading_as(context: Context, caller: Caller) -> AsyncIterator[AsyncConnection]:
    """Read in one snapshot, in which PostgreSQL shows the rows of *caller*'s tenant and of no other."""
    async with context.pool.connection() as connection, snapshot(connection):
        await connection.execute(queries(__package__)["show_key"], {"key_hash": caller.key_hash})
        yield connection
