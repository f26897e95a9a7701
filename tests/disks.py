"""Disks of a test's own, which can be full from one moment to the next. Only root may mount them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.waiting import until


class Disk:
    """A file system in memory. What is not used takes nothing."""

    def __init__(self, folder: Path, size_bytes: int) -> None:
        self.folder = folder
        self._size_bytes = size_bytes

    def fill(self) -> None:
        """Leave no room at all."""
        # Whoever writes at this moment may need another try: it cannot become smaller than what it holds.
        until(lambda: _mount(f"remount,size={self._used_bytes()}", self.folder) is None, seconds=30)

    def free(self) -> None:
        """Leave as much room as there was."""
        assert _mount(f"remount,size={self._size_bytes}", self.folder) is None

    def _used_bytes(self) -> int:
        found = os.statvfs(self.folder)
        return (found.f_blocks - found.f_bfree) * found.f_frsize


@contextmanager
def disk_at(folder: Path, size_bytes: int) -> Iterator[Disk]:
    """Mount a disk of *size_bytes* at *folder* for as long as the block; where that may not be, skip."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid():
        pytest.skip("needs root to mount a small disk")
    if (reason := _mount(f"size={size_bytes}", folder)) is not None:
        pytest.skip(f"cannot mount a small disk: {reason}")
    try:
        yield Disk(folder, size_bytes)
    finally:
        subprocess.run(["/bin/umount", "--lazy", str(folder)], check=True)


def _mount(options: str, folder: Path) -> str | None:
    """Mount, and return why that cannot be; None: it is."""
    words = ["/bin/mount", "-t", "tmpfs", "-o", options, "weir-test", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else None
