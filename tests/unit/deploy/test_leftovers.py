import signal
import subprocess
from collections.abc import Iterator

import pytest

from deploy.local import birth
from deploy.local.birth import Born
from deploy.local.leftovers import alive, stop_leftovers
from deploy.local.state import ProcessState, StackState


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    # Whoever runs the tests in the background of a script has SIGINT ignored, and so had the sleeper.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        signal.signal(signal.SIGINT, before)
        yield process
        process.kill()


def _state(name: str, born: Born | None) -> StackState:
    return StackState("/d", Born(1, "x"), "ready", {}, (ProcessState(name, born, 0, ""),))


def test_a_leftover_is_stopped(sleeper: subprocess.Popen[bytes]) -> None:
    state = _state("sinks", birth.of_pid(sleeper.pid))
    said: list[str] = []
    assert stop_leftovers(state, said.append) == 1
    assert sleeper.wait(5) == -signal.SIGTERM
    assert said == [f"sinks (pid {sleeper.pid}) was left by a supervisor that was killed: stopping it"]


def test_postgres_is_asked_for_its_fast_shutdown(sleeper: subprocess.Popen[bytes]) -> None:
    stop_leftovers(_state("postgres", birth.of_pid(sleeper.pid)), print)
    assert sleeper.wait(5) == -signal.SIGINT


def test_a_frozen_leftover_is_stopped_too(sleeper: subprocess.Popen[bytes]) -> None:
    born = birth.of_pid(sleeper.pid)
    sleeper.send_signal(signal.SIGSTOP)
    assert stop_leftovers(_state("sinks", born), print) == 1
    assert sleeper.wait(5) == -signal.SIGTERM


def test_a_pid_that_somebody_else_has_now_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    state = _state("sinks", Born(sleeper.pid, "another boot/12345"))
    assert alive(state) == {}
    assert stop_leftovers(state, print) == 0
    assert sleeper.poll() is None


def test_no_state_is_nothing_left() -> None:
    assert stop_leftovers(None, print) == 0


def test_a_dead_process_is_not_alive_while_it_waits_to_be_buried(sleeper: subprocess.Popen[bytes]) -> None:
    born = birth.of_pid(sleeper.pid)
    assert born is not None
    assert birth.is_alive(born)
    sleeper.kill()
    while birth.is_alive(born):
        pass
    assert sleeper.returncode is None
    assert not birth.send(born, signal.SIGTERM)
