"""`python -m console [api|watch]`: the read API, and what looks on from the side; by default both."""

import sys

from console.process import PARTS, serve
from runtime.lifecycle import MISCONFIGURED, run
from schemas.process import CONSOLE


def main(words: list[str]) -> int:
    """Run the parts named by *words*, all if none is, and return the exit code."""
    if unknown := [word for word in words if word not in PARTS]:
        sys.stderr.write(f"console: {unknown[0]} is no part of it: choose from {', '.join(PARTS)}\n")
        return MISCONFIGURED
    parts = [part for part in PARTS if part in words] or PARTS
    return run(CONSOLE, lambda settings, stop: serve(settings, stop, parts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
