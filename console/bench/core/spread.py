"""Medians, spreads and percentiles of a few repetitions or of many samples."""

from collections.abc import Sequence
from math import ceil
from statistics import median
from typing import NamedTuple


class Spread(NamedTuple):
    """What several repetitions of one measurement gave."""

    median: float
    least: float
    most: float
    times: int


def spread(values: Sequence[float]) -> Spread:
    """Return the median of *values*, at least one, and how far they lie apart."""
    return Spread(median(values), min(values), max(values), len(values))


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest of *values*, at least one, that *percent* of them do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(ceil(len(ordered) * percent / 100) - 1, 0)]
