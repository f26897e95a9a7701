"""A verified webhook as a row of the record."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from schemas.webhook import read_content, read_envelope, read_head
from schemas.webhook_marks import Kind, Marks, day_of_record
from sinks.core.record import Record

#: Tenants and days whose marks are made at the same time.
_MOST_MARKS: Final = 1_024


def read(record: Record) -> Mapping[str, Any]:
    """Return the values for `copy_webhooks`, but where it stands. Raises Reject."""
    envelope, head = read_envelope(record.headers), read_head(record.value)
    content = read_content(record.value)
    marks = _marks(envelope.tenant, day_of_record(record.time_ms))
    found = marks.of_event(head.type, head.object_id, content.members)
    return {
        **envelope._asdict(),
        **head._asdict(),
        "origin": envelope.origin.value,
        "odd": None if head.odd is None else head.odd.value,
        "content_hash": content.hash,
        "recorded_at_ms": record.time_ms,
        "marks": "{" + ",".join(map(str, found)) + "}",
        "mark_if_first": marks.of(Kind.SIGHTING, "first"),
        "mark_if_repeat": marks.of(Kind.SIGHTING, "repeat"),
        "mark_if_conflict": marks.of(Kind.SIGHTING, "conflict"),
        "payload": record.value,
    }


@lru_cache(maxsize=_MOST_MARKS)
def _marks(tenant: str, day: int) -> Marks:
    return Marks(tenant, day)
