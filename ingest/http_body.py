"""Reads the body of a request: bounded in bytes and in time."""

import asyncio
from typing import Final

from aiohttp import web

from ingest.core.gate import FULL, Gate
from ingest.core.problem import refuse
from ingest.inflate import MAX_BODY_BYTES, inflate, too_large

BODY_SECONDS: Final = 30.0
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


async def read_body(request: web.BaseRequest, gate: Gate) -> bytes:
    """Return the body, inflated. Raises Refused; ConnectionError when the client goes away."""
    body = await read_sent(request, gate)
    encoding = request.headers.get("Content-Encoding")
    return body if encoding is None else inflate(body, encoding)


async def read_sent(request: web.BaseRequest, gate: Gate) -> bytes:
    """Return the body as it was sent, byte for byte. Raises as `read_body`."""
    length = request.headers.get("Content-Length")
    if length is not None and int(length) > MAX_BODY_BYTES:  # the parser takes digits only
        too_large()
    content = request.content
    if content.is_eof():  # it came with its head, as most do
        body = content.read_nowait()
        if len(body) > MAX_BODY_BYTES:
            too_large()
        return body
    return await _arrived(request, gate)


async def _arrived(request: web.BaseRequest, gate: Gate) -> bytes:
    """Return a body that is still on its way; what has come counts as held."""
    _invite(request)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while chunk := await request.content.readany():
                gate.hold(len(chunk))
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    too_large()
                if gate.full:  # many bodies that come slowly are as much as a few that wait
                    raise refuse("overloaded", f"{FULL}; repeat the whole request, it is safe")
    except TimeoutError:
        raise refuse("too_slow", f"the body did not come within {BODY_SECONDS:.0f} s") from None
    except web.RequestPayloadError as error:
        raise refuse("bad_request", f"the body cannot be read: {error}") from None
    finally:
        gate.release(len(body))
    return bytes(body)


def _invite(request: web.BaseRequest) -> None:
    """Answer `Expect: 100-continue`, else the client may wait a second before it sends its body."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(_CONTINUE)
