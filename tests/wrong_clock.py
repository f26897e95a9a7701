"""Run a module with a clock that is wrong: `python tests/wrong_clock.py SECONDS,SECONDS… MODULE WORDS…`.

The module sees the true time plus the first number of seconds. Each SIGUSR1 makes the clock jump to the
next one, as when somebody sets it. Time that passes (the monotonic clock) stays true, as it does then.
It is Python's clock that is wrong: what C libraries and the kernel ask for themselves is not.
"""

import os
import runpy
import signal
import sys
import time

import time_machine


def run(offsets: list[float], argv: list[str]) -> None:
    """Become *argv*."""
    true, began = time.time(), time.monotonic()
    waiting = iter(offsets)

    def now() -> float:
        return true + time.monotonic() - began + next(waiting)

    def jump(_number: int, _frame: object) -> None:
        traveller.move_to(now())

    with time_machine.travel(now(), tick=True) as traveller:
        signal.signal(signal.SIGUSR1, jump)
        sys.argv = argv
        runpy.run_module(argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    sys.path[0] = os.getcwd()  # noqa: PTH109 -- as `python -m` has it: text, not a path
    run([float(each) for each in sys.argv[1].split(",")], sys.argv[2:])
