"""`weir up`, `weir down`, `weir status`: the whole stack of one data folder."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from deploy.local import birth
from deploy.local import folder as folders
from deploy.local.birth import Born
from deploy.local.folder import DataFolder, StackRuns
from deploy.local.jars import cache_folder, ensure_jars, pinned
from deploy.local.kafka import KafkaNode
from deploy.local.leftovers import stop_leftovers
from deploy.local.ports import LOCALHOST, Ports, lay_out, refuse_taken
from deploy.local.postgres import Cluster
from deploy.local.programs import processes, stack_environment, steps
from deploy.local.say import Say, to_stderr
from deploy.local.servers import kafka_program, postgres_program
from deploy.local.state import StackState, StackStatus
from deploy.local.status import look
from deploy.local.supervisor import StopAsked, Supervisor
from schemas.errors import Misconfigured, TryAgain

DEFAULT_PORT_BASE = 8080
_SERVERS_SECONDS = 120.0
_STEP_SECONDS = 120.0
_PROCESSES_SECONDS = 120.0
_DOWN_SECONDS = 90.0
_POLL_SECONDS = 0.05
_MISCONFIGURED = 2

#: Is told what runs as soon as all of it is ready.
OnReady = Callable[[StackStatus], None]


class _Wanted(NamedTuple):
    """What the operator asked for."""

    ports: Ports
    workers: int
    servers_only: bool
    catalog: Path | None
    environ: Mapping[str, str]


def up(  # noqa: PLR0913 -- each is an option of the command
    data: Path,
    *,
    port_base: int = DEFAULT_PORT_BASE,
    workers: int = 1,
    servers_only: bool = False,
    catalog: Path | None = None,
    detach: bool = False,
    on_ready: OnReady = lambda _: None,
    say: Say = to_stderr,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Start the whole stack in *data*; stay until SIGTERM or Ctrl-C, or with *detach* only until it is ready.

    *servers_only* leaves out our processes: Kafka and PostgreSQL alone, for work on one of ours by hand.
    *catalog* is the file that a new folder gets its meters from; the shipped ones by default.
    Call it from the main thread. Raises StackRuns if one runs there already, Misconfigured if something
    has to be changed first (a taken port, a full disk, a wrong setting), TryAgain if something did not
    get ready; nothing is left running then.
    """
    if detach:
        words = ["--port-base", str(port_base), "--workers", str(workers)]
        words += ["--servers-only"] * servers_only
        words += ["--catalog", str(catalog.absolute())] if catalog else []
        _up_detached(data, words, say, environ)
        on_ready(status(data))
        return
    wanted = _Wanted(lay_out(port_base, workers), workers, servers_only, catalog, environ)
    folder = folders.open_folder(data)
    with folders.held(folder):
        try:
            stop_leftovers(folders.read_state(folder), say)
            refuse_taken(wanted.ports)
            _supervise(folder, wanted, on_ready, say)
        except OSError as error:
            raise folders.unwritable(folder, error) from error


def down(data: Path, say: Say = to_stderr) -> bool:
    """Stop whatever runs in *data*, and return whether anything did. A second call does nothing."""
    folder = DataFolder(data.absolute())
    state = folders.read_state(folder)
    if not folders.is_held(folder):
        return stop_leftovers(state, say) > 0
    _stop_supervisor(folder, say)
    # Only after a kill is anything left here.
    stop_leftovers(folders.read_state(folder), say)
    return True


def status(data: Path) -> StackStatus:
    """Return what runs in *data* now, each process asked whether it does its work."""
    folder = DataFolder(data.absolute())
    return look(str(folder.path), folders.read_state(folder), supervised=folders.is_held(folder))


def _stop_supervisor(folder: DataFolder, say: Say) -> None:
    """Ask whoever holds the folder to stop, and wait; kill it when it takes too long."""
    asked: Born | None = None
    deadline = time.monotonic() + _DOWN_SECONDS
    while folders.is_held(folder):
        # Read each time: one that has only just taken the folder has not yet written down who it is.
        state = folders.read_state(folder)
        if state is not None and state.supervisor != asked:
            asked = state.supervisor
            birth.send(asked, signal.SIGTERM)
        if time.monotonic() > deadline:
            if asked is None or not birth.send(asked, signal.SIGKILL):
                raise TryAgain(f"{folder.path} is held by a process that does not say who it is")
            say(f"the supervisor (pid {asked.pid}) did not stop: killed")
        time.sleep(_POLL_SECONDS)


def _supervise(folder: DataFolder, wanted: _Wanted, on_ready: OnReady, say: Say) -> None:
    me = birth.of_pid(os.getpid())
    if me is None:
        raise RuntimeError("this process cannot be found in the process table")
    cluster = Cluster(folder.path / "postgres", wanted.ports.postgres)
    state = StackState(str(folder.path), me, "starting", _addresses(wanted.ports, cluster))
    supervisor = Supervisor(folder, state, say)
    with _stop_signals(supervisor):
        try:
            supervisor.enter("starting")
            _start(supervisor, cluster, wanted)
            on_ready(look(str(folder.path), supervisor.state, supervised=True))
            supervisor.watch()
        except StopAsked:
            say("stopped before it was ready")
        finally:
            supervisor.shut_down()


def _start(supervisor: Supervisor, cluster: Cluster, wanted: _Wanted) -> None:
    """Bring everything up in order: servers, steps, our processes."""
    data = supervisor.folder.path
    ports = wanted.ports
    jars = ensure_jars(pinned(), cache_folder(wanted.environ), supervisor.say)
    node = KafkaNode(data / "kafka", ports.kafka, ports.controller, jars)
    # Each takes a second or two the first time, and neither needs the other.
    with ThreadPoolExecutor() as pool:
        for prepared in (pool.submit(node.prepare), pool.submit(cluster.prepare)):
            prepared.result()
    supervisor.launch([kafka_program(node), postgres_program(cluster)], _SERVERS_SECONDS)
    cluster.create_database()
    if wanted.servers_only:
        return
    secret = folders.secret_key(supervisor.folder)
    shared = stack_environment(wanted.environ, data, ports, cluster.dsn, secret)
    for step in steps(shared, wanted.catalog):
        supervisor.run_step(step, _STEP_SECONDS)
    supervisor.launch(processes(shared, ports, wanted.workers), _PROCESSES_SECONDS)


def _addresses(ports: Ports, cluster: Cluster) -> dict[str, str]:
    return {
        "ingest": f"http://{LOCALHOST}:{ports.ingest}",
        "checks": f"http://{LOCALHOST}:{ports.checks}",
        "console": f"http://{LOCALHOST}:{ports.console}",
        "kafka": f"{LOCALHOST}:{ports.kafka}",
        "postgres": cluster.dsn,
    }


@contextmanager
def _stop_signals(supervisor: Supervisor) -> Iterator[None]:
    """Let SIGTERM, Ctrl-C and a closed terminal ask for a stop; a second one asks for it at once."""

    def ask(_number: int, _frame: object) -> None:
        supervisor.stops_asked += 1

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _up_detached(data: Path, options: Sequence[str], say: Say, environ: Mapping[str, str]) -> None:
    """Start a supervisor that outlives us, and repeat what it says until it is ready or gives up."""
    folder = folders.open_folder(data)
    with folders.held(folder):  # says at once if somebody else has it
        pass
    # Two that are started at the same moment must not read each other's words.
    log_path = folder.logs / f"supervisor-{os.getpid()}.log"
    with log_path.open("wb") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "up", "--data", str(folder.path), *options],
            env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        _await_ready(folder, supervisor, log_path, say)
    except BaseException:  # Ctrl-C included: what we began must not go on without anybody's knowledge
        supervisor.terminate()
        supervisor.wait()
        log_path.unlink()
        raise
    log_path.replace(folder.logs / "supervisor.log")
    # It is on its own from here on: nobody will ask this object for its end.
    supervisor.returncode = 0


def _await_ready(folder: DataFolder, supervisor: subprocess.Popen[bytes], log_path: Path, say: Say) -> None:
    last_words = "nothing said"
    with log_path.open() as log:
        while not _is_ready(folder, supervisor.pid):
            code = supervisor.poll()
            for line in log.read().splitlines():
                if code is None:
                    say(line)
                last_words = line
            if code == 0:  # another one was quicker to take the folder
                raise StackRuns(folders.what_runs(folder))
            if code == _MISCONFIGURED:
                raise Misconfigured(last_words)
            if code is not None:
                raise TryAgain(last_words)
            time.sleep(_POLL_SECONDS)


def _is_ready(folder: DataFolder, pid: int) -> bool:
    state = folders.read_state(folder)
    return state is not None and state.supervisor.pid == pid and state.phase == "ready"
