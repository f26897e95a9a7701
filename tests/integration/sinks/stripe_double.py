"""A double of Stripe's API that answers as it is told to: lists with pages, objects, faults, and a limit.

It listens on a real socket, in a thread with a loop of its own, and counts what it sees.
"""

import asyncio
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from aiohttp import web

KEY = "rk_test_0123456789abcdef"
_EMBEDDED_LINES = 10


@dataclass(frozen=True)
class Fault:
    """What the next request gets instead of an answer."""

    status: int
    retry_after: str | None = None
    message: str = "no"


#: The connection is closed before, or in the middle of, the answer.
DROP = Fault(0)
CUT = Fault(-1)


@dataclass(frozen=True)
class Seen:
    """One request."""

    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    #: By a clock that never goes back, in seconds.
    at: float


@dataclass
class StripeDouble:
    """What it has, and what it saw. Lists may be changed at any time."""

    #: By path of their list; each list the newest first, as it is paged.
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    seen: list[Seen] = field(default_factory=list)
    #: Requests a second; beyond it 429.
    limit: int = 1_000
    #: Paths that the key is not permitted to read.
    forbidden: set[str] = field(default_factory=set)
    #: Path after which, when it was answered so often, nothing is answered until `open`.
    hold_after: tuple[str, int] | None = None
    open: threading.Event = field(default_factory=threading.Event)
    port: int = 0
    _seconds: Counter[int] = field(default_factory=Counter)

    @property
    def address(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def put(self, path: str, *objects: dict[str, Any]) -> None:
        """Let the list at *path* have *objects* too, by their `created`."""
        known = self.lists.setdefault(path, [])
        known += objects
        known.sort(key=lambda each: -int(each["created"]))

    def asked(self, path: str) -> int:
        """Return how many requests were for *path*."""
        return sum(each.path == path for each in list(self.seen))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer as Stripe would."""
        self.seen.append(Seen(request.path, dict(request.query), dict(request.headers), time.monotonic()))
        if self.hold_after is not None and self.asked(self.hold_after[0]) > self.hold_after[1]:
            await asyncio.to_thread(self.open.wait)
        fault = self.faults.popleft() if self.faults else None
        if fault is DROP:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        self._seconds[int(time.monotonic())] += 1
        if fault is None and self._seconds[int(time.monotonic())] > self.limit:
            fault = Fault(429, "1")
        if fault is CUT:
            return await _cut(request)
        if fault is not None:
            more = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
            return _failure(fault.status, "made_up", fault.message, more)
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _failure(401, None, "Invalid API Key provided: rk_test_*****")
        if request.path in self.forbidden:
            return _failure(403, None, "Having 'rak_event_read' would allow it, p@x.org")
        return self._found(request)

    def _found(self, request: web.Request) -> web.Response:
        if request.path in self.lists:
            return self._page(request, self.lists[request.path])
        folder, _, name = request.path.rpartition("/")
        if name == "lines":
            invoice = self._object("/v1/invoices", folder.rpartition("/")[2])
            return self._page(request, invoice["_lines"]) if invoice else _missing(folder)
        found = self._object(folder, name)
        return _answer(_shown(found)) if found else _missing(name)

    def _object(self, path: str, object_id: str) -> dict[str, Any] | None:
        return next((each for each in self.lists.get(path, ()) if each["id"] == object_id), None)

    def _page(self, request: web.Request, whole: list[dict[str, Any]]) -> web.Response:
        asked = request.query
        low, high = int(asked.get("created[gte]", 0)), int(asked.get("created[lt]", 2**60))
        found = [each for each in whole if low <= int(each.get("created", 0)) < high]
        if behind := asked.get("starting_after"):
            ids = [each["id"] for each in whole]
            if behind not in ids:
                return _missing(behind)
            later = set(ids[ids.index(behind) + 1 :])
            found = [each for each in found if each["id"] in later]
        limit = int(asked.get("limit", 10))
        return _answer(
            {
                "object": "list",
                "url": request.path,
                "has_more": len(found) > limit,
                "data": [_shown(each) for each in found[:limit]],
            }
        )


def _shown(found: dict[str, Any]) -> dict[str, Any]:
    """Return an object as it is answered: of an invoice's lines only the first few."""
    shown = {name: value for name, value in found.items() if name != "_lines"}
    if "_lines" in found:
        lines = found["_lines"]
        shown["lines"] = {
            "object": "list",
            "data": lines[:_EMBEDDED_LINES],
            "has_more": len(lines) > _EMBEDDED_LINES,
            "url": f"/v1/invoices/{found['id']}/lines",
        }
    return shown


def _answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        text=json.dumps(value, indent=2),
        status=status,
        content_type="application/json",
        headers={"Date": formatdate(usegmt=True), **(headers or {})},
    )


def _failure(
    status: int, code: str | None, message: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    return _answer({"error": {"type": "api_error", "code": code, "message": message}}, status, headers)


def _missing(name: str) -> web.Response:
    return _failure(400 if name.startswith("evt_") else 404, "resource_missing", f"No such object: '{name}'")


async def _cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000", "Date": formatdate(usegmt=True)})
    await response.prepare(request)
    await response.write(b'{"object": "list", "data": [')
    if request.transport is not None:
        request.transport.abort()
    return response


@contextmanager
def stripe_double() -> Iterator[StripeDouble]:
    """Run a double for as long as the block."""
    double = StripeDouble()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    ready = threading.Event()

    async def serve() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", double.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        double.port = runner.addresses[0][1]
        ready.set()
        await stop.wait()
        double.open.set()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield double
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()
