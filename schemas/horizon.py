"""How far back the dedupe index reaches: a time, applied by record time, the same on every replay.

Entries are kept by the hour of their record, so that one number an hour says what is forgotten.
"""

from typing import Final

from schemas.admission import AHEAD_MS
from schemas.instant import DAY_MS, HOUR_MS

DEFAULT_HORIZON_MS: Final = 35 * DAY_MS
#: What may pass between the door's look at its clock and the broker's append.
SLACK_MS: Final = HOUR_MS // 2


def beyond_horizon(occurred_at_ms: int, recorded_at_ms: int, horizon_ms: int) -> bool:
    """Say whether an event is too old to be proven new. The door refuses it earlier."""
    return occurred_at_ms < recorded_at_ms - horizon_ms - SLACK_MS


def too_far_ahead(occurred_at_ms: int, recorded_at_ms: int) -> bool:
    """Say whether an event lies further ahead than any honest clock. The door refuses it earlier."""
    return occurred_at_ms > recorded_at_ms + AHEAD_MS + SLACK_MS


def oldest_kept_hour_ms(recorded_at_ms: int, horizon_ms: int) -> int:
    """Return the first hour whose records a record of *recorded_at_ms* is compared with.

    Two copies with the same time, neither of them beyond the horizon nor too far ahead, are at
    most horizon + AHEAD_MS + 2 * SLACK_MS apart; rounding down to the hour keeps a little more.
    Copies that give no time, or another one, are found within this span and no further.
    """
    reach_ms = recorded_at_ms - horizon_ms - AHEAD_MS - 2 * SLACK_MS
    return reach_ms - reach_ms % HOUR_MS
