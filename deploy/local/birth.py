"""Which process a pid means: pids are reused, so a pid alone must never be signalled later."""

import os
from pathlib import Path

import msgspec
import psutil


class Born(msgspec.Struct, frozen=True):
    """One process for ever: its pid and when it was born, in a form that no clock change alters."""

    pid: int
    birth: str


def of_pid(pid: int) -> Born | None:
    """Return who has *pid* now; None if nobody does, or only a zombie that waits to be buried."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return Born(pid, _birth(process))
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return None


def is_alive(born: Born) -> bool:
    """Return whether this very process still runs."""
    return of_pid(born.pid) == born


def send(born: Born, signal_number: int) -> bool:
    """Signal this very process; False if it is gone already."""
    if not is_alive(born):
        return False
    try:
        os.kill(born.pid, signal_number)
    except ProcessLookupError:
        return False
    return True


def _birth(process: psutil.Process) -> str:
    stat = Path(f"/proc/{process.pid}/stat")
    if not stat.exists():
        return f"{process.create_time():.2f}"
    # Ticks since boot, the 22nd field; the second may hold blanks and brackets. With the boot's id, since
    # pids and ticks start again at each boot.
    ticks = stat.read_text().rpartition(")")[2].split()[19]
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}/{ticks}"
