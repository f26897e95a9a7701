"""Which build this is. Nothing here is read before somebody asks."""

import platform
import re
from pathlib import Path
from typing import Final, NamedTuple

#: The release; pyproject.toml says the same (tested).
VERSION: Final = "0.1.0"
#: Shown when the build's commit is not known.
UNKNOWN: Final = "unknown"

_CHECKOUT: Final = Path(__file__).resolve().parent.parent
_COMMIT: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_SHOWN: Final = 12


class Build(NamedTuple):
    """What `weir_build_info` shows: release, commit and interpreter."""

    version: str
    commit: str
    python: str


def build(commit: str = "", checkout: Path = _CHECKOUT) -> Build:
    """Return this build: *commit* if given (containers set it), else what the checkout stands at."""
    return Build(VERSION, (commit or head(checkout))[:_SHOWN], platform.python_version())


def head(checkout: Path) -> str:
    """Return the commit that *checkout* stands at, or UNKNOWN; reads three small files, runs no git."""
    git = checkout / ".git"
    found = _text(git / "HEAD")
    if found.startswith("ref: "):
        name = found.removeprefix("ref: ")
        found = _text(git / name) or _packed(_text(git / "packed-refs"), name)
    return found if _COMMIT.fullmatch(found) else UNKNOWN


def _packed(refs: str, name: str) -> str:
    for line in refs.splitlines():
        commit, _, ref = line.partition(" ")
        if ref == name:
            return commit
    return ""


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
