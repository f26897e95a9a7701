"""How long to wait before a process that ended is started again."""

FIRST_SECONDS = 0.1
LONGEST_SECONDS = 5.0
#: Who lived this long is taken to be well; its next end is a first one again.
WELL_AFTER_SECONDS = 30.0


def next_delay(previous_seconds: float, lived_seconds: float) -> float:
    """Return the wait after an end: the first wait once it was well, else double the one before."""
    if previous_seconds == 0 or lived_seconds >= WELL_AFTER_SECONDS:
        return FIRST_SECONDS
    return min(2 * previous_seconds, LONGEST_SECONDS)
