"""The least that a request costs here: aiohttp and uvloop, one fixed answer, whatever the body."""

import asyncio
import os
import signal

import uvloop
from aiohttp import web

_HOST = "127.0.0.1"
_RECEIPT = b'[{"id":"e-00000000","status":"accepted","position":"usage/1/0/0"}]'


async def _answer(request: web.BaseRequest) -> web.Response:
    await request.read()
    return web.Response(status=202, body=_RECEIPT, content_type="application/json")


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await loop.create_server(web.Server(_answer, access_log=None), _HOST, int(os.environ["BASELINE_PORT"]))
    await stop.wait()


if __name__ == "__main__":
    uvloop.run(_serve())
