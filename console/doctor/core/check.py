"""What the doctor says: one line for each thing it looked at."""

import msgspec


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    #: Which, such as topics or clocks.
    check: str
    good: bool
    #: What was seen.
    what: str
    #: What to do about it; empty where it is good.
    do: str = ""


def good(check: str, what: str) -> Check:
    """Return a check that found nothing."""
    return Check(check, good=True, what=what)


def bad(check: str, what: str, do: str) -> Check:
    """Return a finding."""
    return Check(check, good=False, what=what, do=do)
