"""Reads the collapsed stacks of a sampling profiler: `outermost;…;innermost count` on each line."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Hot(NamedTuple):
    """One function and its share of all samples, in percent."""

    function: str
    percent: float


def own_time(lines: Iterable[str]) -> Counter[str]:
    """Return how many samples each function was the innermost of."""
    own: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.strip().rpartition(" ")
        if stack and count.isdecimal():
            own[stack.rsplit(";", 1)[-1]] += int(count)
    return own


def hottest(own: Counter[str], most: int) -> Sequence[Hot]:
    """Return the *most* functions with the largest share."""
    total = own.total()
    return [Hot(name, round(100 * count / total, 1)) for name, count in own.most_common(most)]
