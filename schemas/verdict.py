"""`weir.verdicts`: the fate of every event that did not simply count.

What is on `weir.usage`, below the progress, and not here, counted.
"""

from enum import StrEnum
from typing import Final

import msgspec

from schemas.errors import MALFORMED, Reject

#: Key of the progress records on this topic; all other keys are source offsets.
PROGRESS_KEY: Final = b"progress"


class Fate(StrEnum):
    """What became of an event on the log, in the order in which the processor decides."""

    REFUSED = "refused"
    UNMATCHED = "unmatched"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    LATE = "late"
    COUNTED = "counted"


class Refusal(StrEnum):
    """Why an event that came past the door was refused."""

    #: The record is neither a pack nor CloudEvents.
    UNREADABLE = "unreadable"
    #: A rule of the door does not hold; direct producers can break it.
    INVALID = "invalid"
    #: The record stands on another partition than its customer's.
    WRONG_PARTITION = "wrong_partition"
    #: Older than the index remembers, so it cannot be proven to be new.
    BEYOND_HORIZON = "beyond_horizon"
    TOO_FAR_AHEAD = "too_far_ahead"
    #: Its meter needs a quantity or source properties that are not there, or are no numbers.
    NO_VALUE = "no_value"
    #: `weir skip` named its record.
    SKIPPED = "skipped"


class Verdict(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The fate of one event of a source record."""

    #: Place of the event in its record.
    index: int
    fate: Fate
    #: Reason of a refusal; empty otherwise.
    code: str = ""
    #: Source offset of the record with the first sighting, for a duplicate or a conflict.
    first_offset: int | None = None


class RecordVerdicts(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """All verdicts on one source record. A replay repeats it with the same content."""

    recorded_at_ms: int
    verdicts: list[Verdict]


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(RecordVerdicts).decode


def encode_verdicts(record: RecordVerdicts) -> bytes:
    """Return the value of a verdicts record; its key is `seen.offset_key(source offset)`."""
    return _encode(record)


def decode_verdicts(value: bytes) -> RecordVerdicts:
    """Return the verdicts in *value*. Raises Reject."""
    try:
        return _decode(value)
    except MALFORMED as error:
        raise Reject(f"not a verdicts record: {error}") from None
