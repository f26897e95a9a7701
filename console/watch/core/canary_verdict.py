"""Whether what is seen is what has to be: right, not there yet, or wrong."""

from typing import Final, Literal, NamedTuple

from console.watch.core.canary_law import QUANTITY, Figures
from schemas.instant import SECOND_MS, format_instant
from schemas.quantity import format_micro

#: accepted: the door's receipt; quota: a check of the quota counts it; stored: usage shows it.
Stage = Literal["accepted", "quota", "stored"]
#: late: not within the time that it may take; wrong: an answer that cannot be right; refused: no such answer.
Kind = Literal["late", "wrong", "refused"]

#: The clocks of our machines may differ by as much (`weir doctor` looks at it).
CLOCKS_MS: Final = 2 * SECOND_MS
_MOST_NAMED: Final = 3


class Failure(NamedTuple):
    """Why a round did not go through."""

    stage: Stage
    kind: Kind
    #: What was expected and what was seen.
    detail: str


class Verdict(NamedTuple):
    """*why* is empty where it is right."""

    state: Literal["right", "waiting", "wrong"]
    why: str = ""


def judge(expected: Figures, seen: Figures, through_ms: int | None, since_ms: int) -> Verdict:
    """Hold *seen*, complete through *through_ms* (None: unknown), against *expected*, sent by *since_ms*.

    Too much is wrong at once; too little is, once the answer says that it is complete.
    """
    keys = sorted(key for key in expected.keys() | seen.keys() if expected.get(key, 0) != seen.get(key, 0))
    if not keys:
        return Verdict("right")
    is_complete = through_ms is not None and through_ms > since_ms + CLOCKS_MS
    too_much = any(seen.get(key, 0) > expected.get(key, 0) for key in keys)
    return Verdict("wrong" if too_much or is_complete else "waiting", _difference(keys, expected, seen))


def _difference(keys: list[tuple[int, str, str]], expected: Figures, seen: Figures) -> str:
    named = "; ".join(_line(key, expected.get(key, 0), seen.get(key, 0)) for key in keys[:_MOST_NAMED])
    more = len(keys) - _MOST_NAMED
    return f"{named}; and {more} more" if more > 0 else named


def _line(key: tuple[int, str, str], expected: int, seen: int) -> str:
    at_ms, customer, what = key
    shown = format_micro if what == QUANTITY else str
    return f"{format_instant(at_ms)} {customer} {what}: expected {shown(expected)}, seen {shown(seen)}"
