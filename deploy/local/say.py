"""How the local stack talks while it works: one line at a time, to whoever wants to show it."""

import sys
from collections.abc import Callable

#: Takes one line of progress, without a line end.
Say = Callable[[str], None]


def to_stderr(line: str) -> None:
    """Print *line* where progress belongs: results alone go to standard output."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
