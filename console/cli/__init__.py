"""The `weir` command. Answers on stdout, everything else on stderr.

Exit codes: 0 good, 1 the answer is bad, 2 called wrongly or misconfigured.
"""

import sys
from collections.abc import Sequence


def main(words: Sequence[str] | None = None) -> int:
    """Run the command *words* (default: of this process) and return the exit code."""
    from console.cli.run import run  # noqa: PLC0415 - whoever imports the package for a name pays nothing

    return run(list(sys.argv[1:] if words is None else words))
