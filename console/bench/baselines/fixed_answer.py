"""The least that a request costs here: aiohttp and uvloop, one fixed answer, whatever the body.

A GET is answered with the CPU seconds that it has used so far: those that others see of a process come in
steps of a hundredth, more than a few requests take.
"""

import asyncio
import os
import signal
import time

import uvloop
from aiohttp import web

_HOST = "127.0.0.1"
_RECEIPT = b'[{"id":"e-00000000","status":"accepted","position":"usage/1/0/0"}]'


async def _answer(request: web.BaseRequest) -> web.Response:
    if request.method == "GET":
        return web.Response(text=repr(time.process_time()))
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
