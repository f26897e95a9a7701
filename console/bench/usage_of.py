"""CPU time and memory of the processes of a stack, their children included."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import psutil

_KIB: Final = 1024
_MB: Final = 1_000_000


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """Return the CPU seconds that each process has used so far, with children that live or have ended."""
    return {name: _tree_seconds(pid) for name, pid in pids.items()}


def stolen_seconds() -> float:
    """Return the CPU seconds that this machine wanted and its host gave to others; 0 where nobody counts."""
    return float(getattr(psutil.cpu_times(), "steal", 0.0))


def peak_megabytes(pid: int) -> float:
    """Return the most memory (resident) that process *pid* has had since it began."""
    with open(f"/proc/{pid}/status") as file:  # noqa: PTH123 -- no file of ours
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * _KIB / _MB
    return resident_megabytes(pid)


def resident_megabytes(pid: int) -> float:
    """Return the memory (resident) that process *pid* has now."""
    return float(psutil.Process(pid).memory_info().rss) / _MB


def _tree_seconds(pid: int) -> float:
    root = psutil.Process(pid)
    own = root.cpu_times()
    seconds = own.user + own.system + own.children_user + own.children_system
    for child in root.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # a backend that has ended since; its parent has its time
            times = child.cpu_times()
            seconds += times.user + times.system
    return float(seconds)
