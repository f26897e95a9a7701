"""Up to when a partition's results are complete: everything appended to the log before that is in them."""


def complete_through(
    next_offset: int, record_time_ms: int | None, end: int | None, asked_at_ms: int
) -> int | None:
    """Return the instant, or None while nothing is known.

    Results hold the records before *next_offset*, the newest of *record_time_ms*. The log ended at *end*
    when somebody asked at *asked_at_ms*, before the results were looked at: if nothing lay between, they
    are complete up to that question, however old the newest record is.
    """
    times = [asked_at_ms] if end is not None and next_offset >= end else []
    if record_time_ms is not None:
        times.append(record_time_ms)
    return max(times, default=None)
