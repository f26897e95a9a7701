"""Starts programs in order, starts again what ends, writes down what runs, stops all in reverse.

One thread and one loop: a program that ends is seen within a twentieth of a second. The supervisor
holds no state that a restart needs; what it writes to the state file lets the next one find leftovers.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from deploy.local.backoff import next_delay
from deploy.local.child import Child, Program, bound_log
from deploy.local.folder import DataFolder, write_state
from deploy.local.say import Say
from deploy.local.state import Phase, ProcessState, StackState
from schemas.errors import Misconfigured, TryAgain

_TICK_SECONDS = 0.05
_LOG_CHECK_SECONDS = 5.0
_MISCONFIGURED = 2


class StopAsked(Exception):  # noqa: N818 (no error: somebody pressed Ctrl-C)
    """The operator wants the stack down while it is still being started."""


@dataclass
class _Watched:
    """A child, and when it is due to be started again."""

    child: Child
    delay_seconds: float = 0.0
    due_at: float | None = None


@dataclass
class Supervisor:
    """The programs of one data folder. Must be used from the thread that made it, which must live on."""

    folder: DataFolder
    state: StackState
    say: Say
    #: How often somebody asked to stop; twice means at once.
    stops_asked: int = 0
    _stages: list[list[_Watched]] = field(default_factory=list)
    _logs_checked_at: float = 0.0

    def launch(self, programs: Sequence[Program], seconds: float) -> None:
        """Start *programs* together and wait until all are ready.

        Raises Misconfigured when one refuses its settings, TryAgain when one is not ready in time,
        StopAsked when that comes first.
        """
        begun = time.monotonic()
        stage = [_Watched(Child(program, self.folder.logs)) for program in programs]
        self._stages.append(stage)
        for watched in stage:
            watched.child.start()
        self._save()
        waiting = stage
        while waiting:
            still = [watched for watched in waiting if self._why_not(watched, begun, seconds)]
            for watched in waiting:
                if watched not in still:
                    self.say(f"{watched.child.program.name:<14} {time.monotonic() - begun:5.1f} s")
            waiting = still
            self._pause()

    def run_step(self, program: Program, seconds: float) -> None:
        """Run *program* to its end. Raises Misconfigured or TryAgain with its last words if it fails."""
        begun = time.monotonic()
        child = Child(program, self.folder.logs)
        child.start()
        try:
            while (code := child.exit_code()) is None:
                if time.monotonic() - begun > seconds:
                    raise TryAgain(f"{program.name} did not end in {seconds:.0f} s: see {child.log_path}")
                self._pause()
        finally:
            child.wait(0)
        self._refuse_failure(child, code)
        self.say(f"{program.name:<14} {time.monotonic() - begun:5.1f} s")

    def watch(self) -> None:
        """Keep everything running until somebody asks to stop."""
        self.enter("ready")
        while not self.stops_asked:
            self._tick()
            time.sleep(_TICK_SECONDS)

    def shut_down(self) -> None:
        """Stop everything, the last started first; those that were started together stop together."""
        self.enter("stopping")
        for stage in reversed(self._stages):
            for watched in stage:
                watched.child.ask_to_stop()
            for watched in reversed(stage):
                self._await_end(watched.child)
                watched.child.born = None
            self._save()
        self.enter("stopped")

    def enter(self, phase: Phase) -> None:
        """Write down how far the stack is."""
        self.state = msgspec.structs.replace(self.state, phase=phase)
        self._save()

    def _why_not(self, watched: _Watched, begun: float, seconds: float) -> str:
        child = watched.child
        code = child.exit_code()
        if code == _MISCONFIGURED:
            self._refuse_failure(child, code)
        reason = f"it ended with {code}" if code is not None else child.program.not_ready()
        if reason and time.monotonic() - begun > seconds:
            raise TryAgain(
                f"{child.program.name} is not ready after {seconds:.0f} s ({reason}): see {child.log_path}"
            )
        return reason

    def _refuse_failure(self, child: Child, code: int | None) -> None:
        words = child.last_words()
        if code == _MISCONFIGURED:
            raise Misconfigured(words)
        if code:
            raise TryAgain(f"{child.program.name} ended with {code} ({words}): see {child.log_path}")

    def _pause(self) -> None:
        if self.stops_asked:
            raise StopAsked
        self._tick()
        time.sleep(_TICK_SECONDS)

    def _tick(self) -> None:
        now = time.monotonic()
        changed = [self._tend(watched, now) for stage in self._stages for watched in stage]
        if any(changed):
            self._save()
        if now - self._logs_checked_at > _LOG_CHECK_SECONDS:
            self._logs_checked_at = now
            for stage in self._stages:
                for watched in stage:
                    bound_log(watched.child.log_path)

    def _tend(self, watched: _Watched, now: float) -> bool:
        """Notice an end, or start again what is due; return whether something changed."""
        child = watched.child
        code = child.exit_code()
        if code is None:
            return False
        if watched.due_at is None:
            watched.delay_seconds = next_delay(watched.delay_seconds, now - child.started_at)
            watched.due_at = now + watched.delay_seconds
            child.born = None
            self.say(f"{child.program.name} ended with {code}: starts again in {watched.delay_seconds:.1f} s")
            return True
        if now < watched.due_at:
            return False
        return self._start_again(watched, now)

    def _start_again(self, watched: _Watched, now: float) -> bool:
        try:
            watched.child.start()
        except OSError as error:  # a full disk or process table: not a reason to give up the others
            watched.delay_seconds = next_delay(watched.delay_seconds, 0)
            watched.due_at = now + watched.delay_seconds
            self.say(f"{watched.child.program.name} cannot be started: {error.strerror or error}")
            return False
        watched.due_at = None
        watched.child.restarts += 1
        return True

    def _await_end(self, child: Child) -> None:
        deadline = time.monotonic() + child.program.stop_seconds
        while child.exit_code() is None and time.monotonic() < deadline and self.stops_asked <= 1:
            time.sleep(_TICK_SECONDS)
        if child.exit_code() is None:
            self.say(f"{child.program.name} does not stop: killed")
        child.wait(0)

    def _save(self) -> None:
        processes = tuple(_described(watched.child) for stage in self._stages for watched in stage)
        self.state = msgspec.structs.replace(self.state, processes=processes)
        try:
            write_state(self.folder, self.state)
        except OSError as error:  # the next change tries again; those who run must not suffer for it
            self.say(f"{self.folder.state} cannot be written: {error.strerror or error}")


def _described(child: Child) -> ProcessState:
    return ProcessState(child.program.name, child.born, child.restarts, child.program.metrics)
