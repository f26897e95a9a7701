"""One process that we start, watch and stop, and whose words go to a log file of its own."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import birth, tether
from deploy.local.birth import Born

#: A log grows to this size; then it is moved to NAME.log.1, and begins anew.
LOG_LIMIT_BYTES = 16 * 2**20
_POLL_SECONDS = 0.02


def _always_ready() -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run, and how to treat it."""

    name: str
    argv: tuple[str, ...]
    #: The whole environment; None passes on ours.
    environ: Mapping[str, str] | None = None
    #: Returns why it cannot do its work yet; empty when it can.
    not_ready: Callable[[], str] = _always_ready
    #: System user to run as; empty: ours.
    user: str = ""
    #: How far it gives way to the others while there is not CPU time enough for all, up to 19. Below 0, to
    #: -20, it goes before them: as root; else it is as 0.
    niceness: int = 0
    #: Asks it to finish what it has begun.
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0
    #: What the kernel sends it when whoever started it is gone.
    orphan_signal: signal.Signals = signal.SIGKILL
    #: Where its metrics are; empty if it has none.
    metrics: str = ""


@dataclass
class Child:
    """A program and its present process."""

    program: Program
    log_folder: Path
    born: Born | None = None
    restarts: int = 0
    #: Time (monotonic) of the last start, and of the next one if it has to wait.
    started_at: float = 0.0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log_path(self) -> Path:
        """Return where its output goes."""
        return self.log_folder / f"{self.program.name}.log"

    @property
    def pid(self) -> int:
        """Return its pid; it must have been started."""
        if self.born is None:
            raise RuntimeError(f"{self.program.name} was never started")
        return self.born.pid

    def start(self) -> None:
        """Start it. Its own session keeps Ctrl-C on our terminal away from it."""
        self.log_folder.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._tethered(),
                env=None if self.program.environ is None else dict(self.program.environ),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.started_at = time.monotonic()
        self.born = birth.of_pid(self._process.pid) or Born(self._process.pid, "gone")

    def exit_code(self) -> int | None:
        """Return the code with which it ended (negative: the signal); None while it runs."""
        if self._process is None:
            return None
        return self._process.poll()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process; nothing happens if it is gone."""
        if self._process is not None:
            self._process.send_signal(number)

    def ask_to_stop(self) -> None:
        """Send what makes it finish and end, also if it stands still at the moment."""
        self.send(self.program.stop_signal)
        self.send(signal.SIGCONT)

    def stop(self, seconds: float | None = None) -> int | None:
        """Ask it to stop, wait, and kill it if it does not; return its exit code."""
        self.ask_to_stop()
        return self.wait(self.program.stop_seconds if seconds is None else seconds)

    def wait(self, seconds: float) -> int | None:
        """Wait for its end at most *seconds*, then kill it; return its exit code."""
        if self._process is None:
            return None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def wait_ready(self, seconds: float) -> None:
        """Wait until it can do its work. Raises TimeoutError that says what was missing."""
        deadline = time.monotonic() + seconds
        while reason := self.program.not_ready():
            code = self.exit_code()
            if code is not None:
                raise TimeoutError(f"{self.program.name} ended with {code}: {self.last_words()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.program.name} is not ready after {seconds:.0f} s: {reason}")
            time.sleep(_POLL_SECONDS)

    def last_words(self) -> str:
        """Return the last line of its log."""
        with contextlib.suppress(OSError), self.log_path.open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - 4_096))
            lines = log.read().decode(errors="replace").strip().splitlines()
            return lines[-1] if lines else "no word in its log"
        return "no log"

    def _tethered(self) -> list[str]:
        program = self.program
        words = (str(int(program.orphan_signal)), str(os.getpid()), str(program.niceness), program.user)
        return [sys.executable, "-I", "-S", str(tether.__file__), *words, "--", *program.argv]


def bound_log(path: Path) -> None:
    """Move a log that has grown too large to NAME.log.1. A line written at this very moment may be lost."""
    with contextlib.suppress(OSError):
        if path.stat().st_size > LOG_LIMIT_BYTES:
            shutil.copyfile(path, path.with_suffix(".log.1"))
            os.truncate(path, 0)
