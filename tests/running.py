"""One of our processes as a child of a test, with handles for what may happen to it."""

import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from os import environ as outer_environ
from pathlib import Path

from deploy.local.child import Child, Program
from deploy.local.ports import free_port
from deploy.local.probes import http_not_ready

_READY_SECONDS = 120.0
_WRONG_CLOCK = Path(__file__).with_name("wrong_clock.py")


@dataclass(frozen=True)
class Running:
    """A process of ours that was started by `python -m`."""

    child: Child
    health_port: int

    @property
    def pid(self) -> int:
        """Return its pid."""
        return self.child.pid

    @property
    def health(self) -> str:
        """Return the address below which /livez, /readyz and /metrics are."""
        return f"http://127.0.0.1:{self.health_port}"

    @property
    def log(self) -> str:
        """Return all that it has said so far, those before it under the same name included."""
        return self.child.log_path.read_text(errors="replace")

    @property
    def exit_code(self) -> int | None:
        """Return how it ended; None while it runs."""
        return self.child.exit_code()

    def wait_ready(self, seconds: float = _READY_SECONDS) -> None:
        """Wait until /readyz says 200. Raises TimeoutError with what is missing."""
        self.child.wait_ready(seconds)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.child.send(signal.SIGKILL)
        self.child.wait(10)

    def freeze(self) -> None:
        """SIGSTOP: it stands still and keeps its connections."""
        self.child.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on as if nothing had been."""
        self.child.send(signal.SIGCONT)

    def jump(self) -> None:
        """Set its clock to the next of the times that it was started with."""
        self.child.send(signal.SIGUSR1)

    def terminate(self, seconds: float = 20) -> int | None:
        """SIGTERM, and return its exit code; -9 if it did not stop in time."""
        return self.child.stop(seconds)

    def restart(self) -> None:
        """Start it again, with the same settings and name; it must have ended."""
        self.child.start()


def start_module(
    module: str,
    *words: str,
    environ: Mapping[str, str],
    folder: Path,
    clock: Sequence[float] = (),
    checkout: Path | None = None,
) -> Running:
    """Run `python -m module words…` with *environ* over the test's own, and its health on a free port.

    *clock*: the seconds by which its clock is wrong, first and after each `jump`. *checkout*: where the
    release lies that it is to be of; None: this one.
    """
    health_port = free_port()
    instance = environ.get("WEIR_INSTANCE", f"{module}-1")
    settings = {"WEIR_INSTANCE": instance, **environ, "WEIR_HEALTH_PORT": str(health_port)}
    inherited = {name: value for name, value in outer_environ.items() if not name.startswith("WEIR_")}
    how = (str(_WRONG_CLOCK), ",".join(map(str, clock))) if clock else ("-m",)
    program = Program(
        name=instance,
        argv=(
            *(("/usr/bin/env", "-C", str(checkout)) if checkout else ()),
            sys.executable,
            *how,
            module,
            *words,
        ),
        environ={**inherited, **settings, "PYTHONUNBUFFERED": "1"},
        not_ready=partial(http_not_ready, health_port),
    )
    child = Child(program, folder)
    child.start()
    return Running(child, health_port)
