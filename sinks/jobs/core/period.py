"""Periods of a job that runs again and again: the same for whoever asks, by the clock alone."""

from typing import Final, NamedTuple

#: A run may begin that late at least, however short its period: that a machine is busy is no news.
LEAST_S: Final = 300
#: What could not be done is tried again after the first, then after twice as long each time, up to the most.
FIRST_S: Final = 5
MOST_S: Final = 300


class Run(NamedTuple):
    """A run that began: of which period, and how long the job's periods were then."""

    period_s: int
    every_s: int


class Deadline(NamedTuple):
    """By when a run has to begin, and since when it was owed."""

    period_s: int
    at_s: int


def period_of(now_s: int, every_s: int) -> int:
    """Return when the period began that *now_s* is in; periods follow each other from 1970 on."""
    return now_s - now_s % every_s


def deadline_of(run: Run, last: Run | None) -> Deadline:
    """Return the deadline that *run* meets or misses when it begins; *last* is the run before it.

    A run does what those did not that should have been since *last*, so it is owed since then.
    """
    if last is None:
        return Deadline(run.period_s, run.period_s + max(run.every_s, LEAST_S))
    every_s = max(run.every_s, last.every_s)
    owed_s = min(run.period_s, last.period_s + every_s)
    return Deadline(owed_s, owed_s + max(every_s, LEAST_S))


def again_in_s(attempts: int, every_s: int | None) -> int:
    """Return after how long a job is tried again that could not do its work *attempts* times before.

    One with a period is tried about once in each, as if it had been ordered anew: an outage that is over
    keeps it no longer.
    """
    most_s = MOST_S if every_s is None else min(max(every_s, FIRST_S), MOST_S)
    return min(FIRST_S << min(attempts, 6), most_s)
