"""The supervisor on real processes that are small enough to be watched in a second."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local import birth
from deploy.local.child import LOG_LIMIT_BYTES, Program
from deploy.local.folder import DataFolder, open_folder, read_state
from deploy.local.state import StackState
from deploy.local.supervisor import StopAsked, Supervisor
from schemas.errors import Misconfigured, TryAgain
from tests.waiting import until

_SLEEP = ("/bin/sleep", "60")


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return open_folder(tmp_path, least_free_bytes=0)


@pytest.fixture
def supervisor(folder: DataFolder) -> Iterator[Supervisor]:
    me = birth.of_pid(os.getpid())
    assert me is not None
    watcher = Supervisor(folder, StackState(str(folder.path), me, "starting", {}), print)
    yield watcher
    watcher.stops_asked = 2
    watcher.shut_down()


def _shell(name: str, script: str, not_ready: Callable[[], str] = str) -> Program:
    return Program(name=name, argv=("/bin/sh", "-c", script), not_ready=not_ready)


def _watch_until(supervisor: Supervisor, reached: Callable[[], bool]) -> None:
    """Let the supervisor watch in this thread, until something is so."""

    def ask() -> None:
        deadline = time.monotonic() + 20
        while not reached() and time.monotonic() < deadline:
            time.sleep(0.02)
        supervisor.stops_asked = 1

    asker = threading.Thread(target=ask)
    asker.start()
    supervisor.watch()
    asker.join()
    supervisor.stops_asked = 0
    assert reached()


def _pid(folder: DataFolder, name: str) -> int | None:
    state = read_state(folder)
    assert state is not None
    born = next(process.born for process in state.processes if process.name == name)
    return born.pid if born else None


def test_a_killed_process_is_started_again_and_counted(supervisor: Supervisor, folder: DataFolder) -> None:
    supervisor.launch([Program(name="sleeper", argv=_SLEEP)], seconds=5)
    first = _pid(folder, "sleeper")
    assert first is not None
    os.kill(first, signal.SIGKILL)

    _watch_until(supervisor, lambda: _pid(folder, "sleeper") not in {first, None})

    state = read_state(folder)
    assert state is not None
    assert state.processes[0].restarts == 1


def test_who_is_to_give_way_does_so_to_other_sessions_too(supervisor: Supervisor, folder: DataFolder) -> None:
    supervisor.launch([_nice(number) for number in (0, 3, 7)], seconds=5)
    assert [_niceness(folder, number) for number in (0, 3, 7)] == [{0}, {3}, {7}]


def test_who_is_to_go_first_does_so_where_we_may_decide_that(
    supervisor: Supervisor, folder: DataFolder
) -> None:
    supervisor.launch([_nice(-5)], seconds=5)
    assert _niceness(folder, -5) == {-5 if os.geteuid() == 0 else 0}


def _nice(niceness: int) -> Program:
    return Program(name=f"nice{niceness}", argv=_SLEEP, niceness=niceness)


def _niceness(folder: DataFolder, asked: int) -> set[int]:
    """Return what the process of *asked* has within its session, and its session, where that counts."""
    pid = _pid(folder, f"nice{asked}")
    assert pid is not None
    until(lambda: psutil.Process(pid).cmdline() == list(_SLEEP))
    autogroup = Path(f"/proc/{pid}/autogroup")
    said = autogroup.read_text() if autogroup.exists() else ""
    return {psutil.Process(pid).nice(), *(int(niceness) for niceness in said.split()[-1:])}


def test_the_last_started_is_the_first_to_stop(supervisor: Supervisor, folder: DataFolder) -> None:
    ends = folder.path / "ends"
    for name in ("first", "second"):
        up = folder.path / f"{name}.up"
        script = f"trap 'echo {name} >> {ends}; exit 0' TERM; touch {up}; while :; do sleep 0.05; done"
        supervisor.launch([_shell(name, script, lambda up=up: "" if up.exists() else "not yet")], seconds=5)  # type: ignore[misc]

    supervisor.shut_down()

    assert ends.read_text().split() == ["second", "first"]
    state = read_state(folder)
    assert state is not None
    assert state.phase == "stopped"
    assert [process.born for process in state.processes] == [None, None]


def test_a_frozen_process_is_stopped_all_the_same(supervisor: Supervisor, folder: DataFolder) -> None:
    supervisor.launch([Program(name="sleeper", argv=_SLEEP)], seconds=5)
    pid = _pid(folder, "sleeper")
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    begun = time.monotonic()
    supervisor.shut_down()
    assert time.monotonic() - begun < 5
    assert birth.of_pid(pid) is None


def test_who_does_not_stop_is_killed_when_its_time_is_over(
    supervisor: Supervisor, folder: DataFolder
) -> None:
    up = folder.path / "up"
    deaf = Program(
        name="deaf",
        argv=("/bin/sh", "-c", f"trap '' TERM; touch {up}; while :; do sleep 0.05; done"),
        not_ready=lambda: "" if up.exists() else "not yet",
        stop_seconds=0.3,
    )
    supervisor.launch([deaf], seconds=5)
    pid = _pid(folder, "deaf")
    assert pid is not None
    supervisor.shut_down()
    assert birth.of_pid(pid) is None


def test_a_refused_setting_is_passed_on_in_one_line(supervisor: Supervisor) -> None:
    refuses = _shell("ingest", "echo noise; echo 'WEIR_X is wrong' >&2; exit 2", lambda: "not yet")
    with pytest.raises(Misconfigured, match=r"^WEIR_X is wrong$"):
        supervisor.launch([refuses], seconds=5)


def test_what_does_not_get_ready_is_named_with_what_it_lacks(supervisor: Supervisor) -> None:
    waits = Program(name="ingest", argv=_SLEEP, not_ready=lambda: "503 catalogue is empty")
    with pytest.raises(TryAgain, match=r"not ready after 0 s \(503 catalogue is empty\): see .*ingest\.log"):
        supervisor.launch([waits], seconds=0.3)


def test_a_step_that_fails_says_its_last_words(supervisor: Supervisor) -> None:
    supervisor.run_step(_shell("fine", "exit 0"), seconds=5)
    with pytest.raises(TryAgain, match=r"db-migrate ended with 1 \(no such table\): see .*db-migrate\.log"):
        supervisor.run_step(_shell("db-migrate", "echo no such table; exit 1"), seconds=5)
    with pytest.raises(Misconfigured, match=r"^wrong file$"):
        supervisor.run_step(_shell("catalog-apply", "echo wrong file; exit 2"), seconds=5)


def test_a_stop_is_heard_while_the_stack_still_starts(supervisor: Supervisor) -> None:
    supervisor.stops_asked = 1
    with pytest.raises(StopAsked):
        supervisor.launch([Program(name="slow", argv=_SLEEP, not_ready=lambda: "not yet")], seconds=30)


def test_a_log_that_has_grown_too_large_begins_anew(supervisor: Supervisor, folder: DataFolder) -> None:
    script = f"head -c {LOG_LIMIT_BYTES + 1} /dev/zero; echo; while :; do echo more; sleep 0.1; done"
    supervisor.launch([_shell("talker", script)], seconds=5)
    log, moved = folder.logs / "talker.log", folder.logs / "talker.log.1"

    _watch_until(supervisor, lambda: moved.exists() and log.read_bytes().startswith(b"more"))

    assert moved.stat().st_size > LOG_LIMIT_BYTES


_ORPHANER = """
import os, signal, sys
from pathlib import Path
from deploy.local.child import Child, Program
child = Child(Program(name="orphan", argv=("/bin/sleep", "60")), Path(sys.argv[1]))
child.start()
print(child.pid, flush=True)
signal.pause()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_a_killed_supervisor_leaves_no_orphan(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _ORPHANER, str(tmp_path)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        orphan = birth.of_pid(int(parent.stdout.readline()))
        assert orphan is not None
        until(lambda: psutil.Process(orphan.pid).name() == "sleep")  # the tether is tied by now
        parent.kill()
    until(lambda: not birth.is_alive(orphan), 5)  # by itself it would end, too, but much later


def test_a_full_disk_does_not_bring_the_supervisor_down(small_disk: Path) -> None:
    me = birth.of_pid(os.getpid())
    assert me is not None
    folder = open_folder(small_disk, least_free_bytes=0)
    said: list[str] = []
    supervisor = Supervisor(folder, StackState(str(small_disk), me, "starting", {}), said.append)
    supervisor.launch([Program(name="sleeper", argv=_SLEEP)], seconds=5)
    first = _pid(folder, "sleeper")
    assert first is not None
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space left"):
        filler.write_bytes(bytes(2**25))
    os.kill(first, signal.SIGKILL)

    _watch_until(supervisor, lambda: supervisor.state.processes[0].restarts == 1)
    assert any("cannot be written: No space left on device" in line for line in said)
    filler.unlink()
    supervisor.shut_down()

    state = read_state(folder)
    assert state is not None
    assert state.phase == "stopped"
    assert state.processes[0].restarts == 1
