import signal
import subprocess
import threading
import time
from pathlib import Path

from deploy.local import birth
from deploy.local.birth import Born
from deploy.local.folder import held, open_folder, write_state
from deploy.local.stack import down
from deploy.local.state import StackState

_DEAD = Born(2**22 + 1, "long ago")


def test_down_stops_a_supervisor_that_has_only_just_taken_the_folder(tmp_path: Path) -> None:
    folder = open_folder(tmp_path, least_free_bytes=0)
    write_state(folder, StackState(str(tmp_path), _DEAD, "ready", {}))
    taken = threading.Event()

    with subprocess.Popen(["/bin/sleep", "60"]) as supervisor:

        def begin() -> None:
            with held(folder):
                taken.set()
                time.sleep(0.3)  # not yet written down: `down` finds only the one before
                me = birth.of_pid(supervisor.pid)
                assert me is not None
                write_state(folder, StackState(str(tmp_path), me, "starting", {}))
                supervisor.wait(20)

        beginner = threading.Thread(target=begin)
        beginner.start()
        taken.wait()
        assert down(tmp_path, print)
        beginner.join()
        assert supervisor.returncode == -signal.SIGTERM


def test_down_where_nothing_runs_says_so(tmp_path: Path) -> None:
    assert not down(tmp_path / "never", print)
    assert not (tmp_path / "never").exists()
