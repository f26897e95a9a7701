"""Instants are integer milliseconds since 1970 in UTC inside, RFC 3339 text outside."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_SECOND: Final = timedelta(seconds=1)
_NO_DATE: Final = "is not a date of the calendar"
#: The instants that RFC 3339 can name in UTC: the years 1 to 9999.
FIRST_MS: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
LAST_MS: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND

# datetime.fromisoformat also takes week dates, blanks for the T, hour 24 and offsets of 60 minutes.
_HOURS_MINUTES: Final = r"(?:[01]\d|2[0-3]):[0-5]\d"
_RFC3339: Final = re.compile(
    rf"(\d{{4}}-\d\d-\d\d)[Tt]({_HOURS_MINUTES}:\d\d)(\.\d{{1,9}})?([Zz]|[+-]{_HOURS_MINUTES})", re.ASCII
)


def parse_instant(text: str) -> int:
    """Return the millisecond that contains the instant *text* (RFC 3339, with a zone).

    Digits beyond the millisecond are cut off, as a half-open window asks for.
    Raises ValueError with a reason that may be shown to the sender.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("must be RFC 3339 with a zone, for example 2026-11-21T10:00:00Z")
    date, clock, fraction, zone = match.groups()
    offset = "+00:00" if zone in "Zz" else zone
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}{offset}")
    except ValueError:
        raise ValueError(_NO_DATE) from None
    milliseconds = int((fraction or ".0")[1:4].ljust(3, "0"))
    at_ms = (moment - _EPOCH) // _SECOND * SECOND_MS + milliseconds
    if not FIRST_MS <= at_ms <= LAST_MS:
        raise ValueError(_NO_DATE)
    return at_ms


def format_instant(at_ms: int) -> str:
    """Return *at_ms*, FIRST_MS to LAST_MS, as RFC 3339 in UTC: in whole seconds where it is one."""
    moment = _EPOCH + at_ms * _MILLISECOND
    spec = "seconds" if at_ms % SECOND_MS == 0 else "milliseconds"
    return moment.replace(tzinfo=None).isoformat(timespec=spec) + "Z"


def day_of(at_ms: int) -> int:
    """Return the number of the UTC day that contains *at_ms*, counted from 1970-01-01."""
    return at_ms // DAY_MS
