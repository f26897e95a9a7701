"""The ports of one stack, and whether they are free before anything starts."""

import os
import socket
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

import psutil

from schemas.errors import Misconfigured

LOCALHOST = "127.0.0.1"
_HEALTH_OFFSET = 10
_HIGHEST = 65_535
#: Where free ports are looked for: below those that the kernel hands out to connections.
_LOWEST_BASE = 10_000
_EPHEMERAL = 32_000
#: The ports of one base; the last of them is its claim.
_SLOT = 50

#: Single ports out of one claimed slot.
_pool: deque[int] = deque()


class Ports(NamedTuple):
    """Every port that a stack listens on, all on 127.0.0.1."""

    ingest: int
    console: int
    kafka: int
    postgres: int
    controller: int
    checks: int
    #: By the process's name: ingest, console, sinks, checks, processors-1 …
    health: Mapping[str, int]

    def by_owner(self) -> dict[str, int]:
        """Return each port by a word for what it is for."""
        named = {name: port for name, port in self._asdict().items() if name != "health"}
        return named | {f"{name}'s health": port for name, port in self.health.items()}


def lay_out(base: int, workers: int) -> Ports:
    """Return the ports of a stack that begins at *base* and has *workers* processors.

    Raises Misconfigured if they do not fit below 65536.
    """
    names = ["ingest", "console", "sinks", "checks", *worker_names(workers)]
    if not 1 <= base <= _HIGHEST - _HEALTH_OFFSET - len(names):
        raise Misconfigured(
            f"--port-base {base} leaves no room for the stack's ports: choose one from 1024 to 60000"
        )
    health = {name: base + _HEALTH_OFFSET + index for index, name in enumerate(names)}
    return Ports(base, base + 1, base + 2, base + 3, base + 4, base + 5, health)


def worker_names(workers: int) -> list[str]:
    """Return the processors' names; each is the static member id of its process, so it never changes."""
    return [f"processors-{number}" for number in range(1, workers + 1)]


def refuse_taken(ports: Ports) -> None:
    """Raise Misconfigured that names every port somebody else listens on."""
    taken = [(owner, port) for owner, port in ports.by_owner().items() if not is_free(port)]
    if taken:
        listed = ", ".join(f"{port} ({owner}){_holder(port)}" for owner, port in taken)
        raise Misconfigured(
            f"taken on {LOCALHOST}: port {listed}; stop what listens there, or choose others with --port-base"
        )


def is_free(port: int) -> bool:
    """Return whether a server could listen on *port* now; a closed connection's remains do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOCALHOST, port))
        except OSError:
            return False
        return True


def free_base(workers: int = 1) -> int:
    """Return a base whose ports are all free, and which no other process that asks here gets while we live.

    Demos, benches and tests of several people run side by side. Raises Misconfigured if nothing is left.
    """
    slots = range(_LOWEST_BASE, _EPHEMERAL, _SLOT)
    for turn in range(len(slots)):
        base = slots[(os.getpid() + turn) % len(slots)]
        if (claim := _claim(base)) is None:
            continue
        if all(is_free(port) for port in lay_out(base, workers).by_owner().values()):
            # Its number alone is kept: the system lets go of it when this process ends.
            claim.detach()
            return base
        claim.close()
    raise Misconfigured(f"no free ports between {_LOWEST_BASE} and {_EPHEMERAL}: name some with --port-base")


def free_port() -> int:
    """Return a port that nobody listens on, out of a slot that this process has claimed."""
    if not _pool:
        base = free_base()
        _pool.extend(range(base, base + _SLOT - 1))
    for _ in range(len(_pool)):
        # The one whose turn was longest ago: it may be about to be used.
        _pool.rotate(-1)
        if is_free(_pool[-1]):
            return _pool[-1]
    raise Misconfigured(f"all {len(_pool)} ports from {min(_pool)} on are in use")


def _claim(base: int) -> socket.socket | None:
    """Hold the last port of the slot at *base* without listening on it: the sign that the slot is taken."""
    claim = socket.socket()
    try:
        claim.bind((LOCALHOST, base + _SLOT - 1))
    except OSError:
        claim.close()
        return None
    return claim


def _holder(port: int) -> str:
    """Return who listens on *port*, as far as we may know."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr[1] == port and connection.status == psutil.CONN_LISTEN:
                return (
                    f" by pid {connection.pid} ({psutil.Process(connection.pid).name()})"
                    if connection.pid
                    else ""
                )
    except psutil.Error:
        pass
    return ""
