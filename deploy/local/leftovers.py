"""What a supervisor that was killed may have left behind: found by the state file, stopped for good."""

import signal
import time
from collections.abc import Iterable

from deploy.local import birth
from deploy.local.birth import Born
from deploy.local.say import Say
from deploy.local.state import StackState

_GRACE_SECONDS = 15.0
_POLL_SECONDS = 0.05
#: PostgreSQL's fast shutdown; every other process of ours stops on SIGTERM.
_GENTLE = {"postgres": signal.SIGINT}


def alive(state: StackState | None) -> dict[str, Born]:
    """Return the processes of *state* that still run, by name.

    A pid that has another birth by now belongs to somebody else and is not among them.
    """
    if state is None:
        return {}
    return {
        process.name: process.born
        for process in state.processes
        if process.born is not None and birth.is_alive(process.born)
    }


def stop_leftovers(state: StackState | None, say: Say) -> int:
    """Stop what a dead supervisor left, gently first; return how many there were."""
    left = alive(state)
    for name, born in left.items():
        say(f"{name} (pid {born.pid}) was left by a supervisor that was killed: stopping it")
        birth.send(born, _GENTLE.get(name, signal.SIGTERM))
        birth.send(born, signal.SIGCONT)
    if still := _wait(left.values(), _GRACE_SECONDS):
        for born in still:
            birth.send(born, signal.SIGKILL)
        _wait(still, _GRACE_SECONDS)
    return len(left)


def _wait(processes: Iterable[Born], seconds: float) -> list[Born]:
    """Wait for their end; return those that still run after *seconds*."""
    deadline = time.monotonic() + seconds
    still = list(processes)
    while (still := [born for born in still if birth.is_alive(born)]) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return still
