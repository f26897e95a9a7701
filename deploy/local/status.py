"""How a stack is right now: each process is looked at and asked, not only read about."""

from urllib.parse import urlsplit

import psycopg

from deploy.local import birth
from deploy.local.probes import http_not_ready, kafka_not_ready
from deploy.local.state import Condition, ProcessState, ProcessStatus, StackState, StackStatus


def look(data: str, state: StackState | None, *, supervised: bool) -> StackStatus:
    """Return the present state of what *state* says runs in *data*."""
    if state is None:
        return StackStatus(data, ready=False, phase="stopped", addresses={}, processes=())
    found = tuple(_look_at(process, state, supervised=supervised) for process in state.processes)
    ready = supervised and bool(found) and all(process.state == "running" for process in found)
    phase = state.phase if supervised else "stopped"
    return StackStatus(data, ready=ready, phase=phase, addresses=state.addresses, processes=found)


def _look_at(process: ProcessState, state: StackState, *, supervised: bool) -> ProcessStatus:
    lives = process.born is not None and birth.is_alive(process.born)
    pid = process.born.pid if process.born is not None and lives else None
    metrics = process.metrics or None
    if not lives:
        gone: Condition = "restarting" if supervised and state.phase != "stopped" else "stopped"
        return ProcessStatus(process.name, None, gone, process.restarts, metrics)
    if not supervised:
        detail = "its supervisor was killed: `weir down` stops it"
        return ProcessStatus(process.name, pid, "orphan", process.restarts, metrics, detail)
    detail = _not_ready(process, state)
    return ProcessStatus(
        process.name, pid, "unready" if detail else "running", process.restarts, metrics, detail
    )


def _not_ready(process: ProcessState, state: StackState) -> str:
    if process.name == "kafka":
        return kafka_not_ready(int(state.addresses["kafka"].rpartition(":")[2]))
    if process.name == "postgres":
        return _postgres_not_ready(state.addresses["postgres"])
    return http_not_ready(urlsplit(process.metrics).port or 0)


def _postgres_not_ready(dsn: str) -> str:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError as error:
        return str(error).strip().splitlines()[-1]
    return ""
