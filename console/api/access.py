"""Who asks: the tenant comes from the API key and from nowhere else."""

from typing import Final

from aiohttp import web

from console.api.context import CONTEXT
from console.api.core.problem import refuse
from console.control.core.key import hash_of
from console.queries import queries

READ: Final = "read"
_SCHEME: Final = "bearer "


async def tenant_of(request: web.Request) -> str:
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
    return str(tenant)
