"""The release before this one, as it lies in the history: where there is any."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parents[2]


@contextmanager
def release_before(folder: Path) -> Iterator[Path]:
    """Check out WEIR_CHAOS_RELEASE, by default the newest tag, below *folder*; skip where there is none."""
    name = os.environ.get("WEIR_CHAOS_RELEASE") or _git("describe", "--tags", "--abbrev=0", "HEAD^")
    if not name or not _git("rev-parse", "--verify", f"{name}^{{commit}}"):
        pytest.skip("there is no earlier release in the history: name a commit by WEIR_CHAOS_RELEASE")
    place = folder / "release"
    assert _git("worktree", "add", "--detach", str(place), name) is not None
    try:
        yield place
    finally:
        _git("worktree", "remove", "--force", str(place))


def _git(*words: str) -> str | None:
    """Return what git says; None: it says no, or is not there."""
    try:
        done = subprocess.run(["git", *words], cwd=_HERE, capture_output=True, text=True, check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
