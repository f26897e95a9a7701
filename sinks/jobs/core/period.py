"""Periods of a job that runs again and again: the same for whoever asks, by the clock alone."""


def period_of(now_s: int, every_s: int) -> int:
    """Return when the period began that *now_s* is in; periods follow each other from 1970 on."""
    return now_s - now_s % every_s


def is_missed(began_s: int, period_s: int, every_s: int) -> bool:
    """Say whether the run of the period from *period_s* on, which began at *began_s*, was too late for it."""
    return began_s - period_s > every_s


def again_in_s(attempts: int) -> int:
    """Return after how long a job is tried again that could not do its work *attempts* times before."""
    return min(5 << min(attempts, 6), 300)
