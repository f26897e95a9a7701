"""What runs in a data folder, as the supervisor writes it down and `weir status` shows it."""

from typing import Literal

import msgspec

from deploy.local.birth import Born

#: running = it does its work; unready = it lives and says what it lacks; restarting = it is gone for now;
#: orphan = it lives, and its supervisor does not.
Condition = Literal["running", "unready", "restarting", "stopped", "orphan"]
Phase = Literal["starting", "ready", "stopping", "stopped"]


class ProcessState(msgspec.Struct, frozen=True):
    """One supervised process; None where there is none at the moment."""

    name: str
    born: Born | None
    restarts: int
    #: Address of its metrics; empty if it has none.
    metrics: str


class StackState(msgspec.Struct, frozen=True):
    """A whole stack."""

    data: str
    supervisor: Born
    phase: Phase
    #: By name: ingest, console, kafka, postgres.
    addresses: dict[str, str]
    #: In the order in which they were started.
    processes: tuple[ProcessState, ...] = ()


class ProcessStatus(msgspec.Struct, frozen=True, omit_defaults=False):
    """One process as it is now."""

    name: str
    pid: int | None
    state: Condition
    restarts: int
    metrics: str | None
    #: What is missing, where something is.
    detail: str = ""


class StackStatus(msgspec.Struct, frozen=True):
    """A whole stack as it is now."""

    data: str
    #: Every process does its work.
    ready: bool
    phase: Phase
    addresses: dict[str, str]
    processes: tuple[ProcessStatus, ...]
