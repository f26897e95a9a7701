"""The dead letter of a record that a sink sets aside."""

from schemas.dead_letter import DeadLetter
from sinks.core.log import Log
from sinks.core.record import Record


def letter(log: Log, record: Record, stage: str, reason: str, detail: str) -> DeadLetter:
    """Return the dead letter for *record* of *log*."""
    return DeadLetter(
        topic=log.topic,
        partition=log.partition,
        offset=record.offset,
        stage=stage,
        reason=reason,
        detail=detail,
        key=record.key,
        value=record.value,
    )
