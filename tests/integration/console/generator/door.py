"""A small ingress that fails as it is told, and remembers every event that it took."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import msgspec
from aiohttp import web


class Seen(NamedTuple):
    """One request."""

    body: bytes
    key: str
    status: int


#: What the door does with its nth request: a status; 0 closes the connection before an answer.
Plan = Callable[[int], int]


class Door:
    """Answers as the ingress does. Events with a negative quantity are rejected."""

    def __init__(self, plan: Plan) -> None:
        self.seen: list[Seen] = []
        self._plan = plan

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        status = self._plan(len(self.seen))
        self.seen.append(Seen(body, request.headers["Authorization"], status))
        if status == 0:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if status not in (202, 207):
            return web.Response(status=status, text="as planned")
        events = msgspec.json.decode(body)
        results = [{"status": _status(event)} for event in (events if isinstance(events, list) else [events])]
        rejected = sum(result["status"] == "rejected" for result in results)
        if rejected == len(results):
            return web.json_response({"code": "all_rejected"}, status=400)
        return web.json_response({"results": results}, status=207 if rejected else 202)


def _status(event: dict[str, str]) -> str:
    return "rejected" if event.get("quantity", "").startswith(("-", "many", "0.1234567")) else "accepted"


@contextmanager
def open_door(plan: Plan) -> Iterator[tuple[Door, str]]:
    """Serve on a free port; yield the door and its address."""
    door = Door(plan)
    ready, stop = threading.Event(), threading.Event()
    address: list[str] = []

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/v1/events", door.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        address.append(f"http://{host}:{port}")
        ready.set()
        await asyncio.to_thread(stop.wait)
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield door, address[0]
    finally:
        stop.set()
        thread.join(10)
