"""What the tests of the local stack share."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

_SIZE = "16m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of 16 MB; only root may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid():
        pytest.skip("needs root to mount a small disk")
    words = ["/bin/mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "weir-test", str(folder)]
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["/bin/umount", "--lazy", str(folder)], check=True)
