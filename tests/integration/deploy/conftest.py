"""What the tests of the local stack share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.disks import disk_at

_SIZE_BYTES = 16 * 2**20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of 16 MB; only root may mount one."""
    folder = tmp_path / "small"
    with disk_at(folder, _SIZE_BYTES):
        yield folder
