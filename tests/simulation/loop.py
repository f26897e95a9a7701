"""An asyncio loop without a clock, a thread or a socket: it runs what is ready, and then returns."""

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple, Unpack, cast

T = TypeVar("T")
Args = TypeVarTuple("Args")


class VirtualLoop:
    """The loop of one simulated process, as far as asyncio asks for one. Its time is the simulation's."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        """Go by the clock *seconds*."""
        self._seconds = seconds
        self._ready: deque[tuple[asyncio.Handle, Callable[[], object]]] = deque()
        self._timers: list[tuple[asyncio.TimerHandle, Callable[[], object]]] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    def run_ready(self) -> None:
        """Run until nothing is ready: everybody waits for something outside, or for later."""
        asyncio._set_running_loop(self._as_loop)  # noqa: SLF001 - documented for whoever writes a loop
        try:
            self._expire()
            while self._ready:
                handle, call = self._ready.popleft()
                if not handle.cancelled():
                    call()
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001 - as above

    def end(self) -> None:
        """End every task where it stands, as a process that is killed."""
        for task in self._tasks:
            task.cancel()
        self.run_ready()

    # What asyncio asks of a loop.

    def time(self) -> float:
        return self._seconds()

    def call_soon(
        self,
        callback: Callable[[Unpack[Args]], object],
        *args: *Args,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self._as_loop, context)
        self._ready.append((handle, _bound(callback, args, context)))
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Args]], object],
        *args: *Args,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self._as_loop, context)
        self._timers.append((timer, _bound(callback, args, context)))
        return timer

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self._as_loop)

    def create_task(self, coro: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
        task = asyncio.Task(coro, loop=self._as_loop, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Say nothing: whoever spawns a task looks at its end."""

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self._timers = [timer for timer in self._timers if timer[0] is not handle]

    @property
    def _as_loop(self) -> asyncio.AbstractEventLoop:
        return cast("asyncio.AbstractEventLoop", self)

    def _expire(self) -> None:
        now = self.time()
        due = [timer for timer in self._timers if timer[0].when() <= now]
        self._timers = [timer for timer in self._timers if timer[0].when() > now]
        self._ready.extend(due)


def _bound(
    callback: Callable[[Unpack[Args]], object],
    args: tuple[*Args],
    context: contextvars.Context | None,
) -> Callable[[], object]:
    where = contextvars.copy_context() if context is None else context
    return lambda: where.run(callback, *args)
