"""A dead letter as a row of dead_letters."""

from collections.abc import Mapping
from typing import Any

from schemas.dead_letter import decode_dead_letter
from sinks.core.record import Record


def read(record: Record) -> Mapping[str, Any]:
    """Return the values for `keep_dead_letter`. Raises Reject."""
    letter = decode_dead_letter(record.value)
    return {
        "topic": _storable(letter.topic),
        "partition": letter.partition,
        "offset": letter.offset,
        "stage": _storable(letter.stage),
        "reason": _storable(letter.reason),
        "detail": _storable(letter.detail),
        "tenant": _storable(letter.tenant),
        "key": letter.key,
        "original": letter.value,
    }


def _storable(text: str) -> str:
    # What is said about a record may quote it; its bytes are kept beside it as they are.
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
