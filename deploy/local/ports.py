"""The ports of one stack, and whether they are free before anything starts."""

import os
import socket
from collections.abc import Mapping
from typing import NamedTuple

import psutil

from schemas.errors import Misconfigured

LOCALHOST = "127.0.0.1"
_HEALTH_OFFSET = 10
_HIGHEST = 65_535


class Ports(NamedTuple):
    """Every port that a stack listens on, all on 127.0.0.1."""

    ingest: int
    console: int
    kafka: int
    postgres: int
    controller: int
    #: By the process's name: ingest, console, sinks, processors-1 …
    health: Mapping[str, int]

    def by_owner(self) -> dict[str, int]:
        """Return each port by a word for what it is for."""
        named = {
            name: getattr(self, name) for name in ("ingest", "console", "kafka", "postgres", "controller")
        }
        return named | {f"{name}'s health": port for name, port in self.health.items()}


def lay_out(base: int, workers: int) -> Ports:
    """Return the ports of a stack that begins at *base* and has *workers* processors.

    Raises Misconfigured if they do not fit below 65536.
    """
    names = ["ingest", "console", "sinks", *worker_names(workers)]
    if not 1 <= base <= _HIGHEST - _HEALTH_OFFSET - len(names):
        raise Misconfigured(
            f"--port-base {base} leaves no room for the stack's ports: choose one from 1024 to 60000"
        )
    health = {name: base + _HEALTH_OFFSET + index for index, name in enumerate(names)}
    return Ports(base, base + 1, base + 2, base + 3, base + 4, health)


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
    """Return a base whose ports are all free now; demos and tests of several people run side by side.

    Below the range from which the kernel hands out ports; where to begin depends on the process.
    """
    slots = range(10_000, 32_000, 50)
    for turn in range(len(slots)):
        base = slots[(os.getpid() + turn) % len(slots)]
        if all(is_free(port) for port in lay_out(base, workers).by_owner().values()):
            return base
    raise Misconfigured("no free ports between 10000 and 32000: name some with --port-base")


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
