"""One partition of Stripe's events: records in, everything to be written out. The agent's state machine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from processors.billing.core.event import ObjectEvent, read_event
from processors.billing.core.table import MirrorTable, Taken
from processors.stream.core.records import NewRecord, SourceRecord
from schemas.billing_fact import Fact, HandlingFailed, HandlingRetried, ObjectSeen, encode_fact
from schemas.errors import Reject
from schemas.rollup import Progress
from schemas.stamp import stamp_of
from schemas.stripe_types import SNAPSHOT, is_handled
from schemas.webhook import Envelope, EventHead, Origin, is_trial, read_envelope, read_head


class Applied(StrEnum):
    """What became of one event."""

    #: It changed what is known of an object.
    APPLIED = "applied"
    #: Something newer, or the same, was known.
    KNOWN = "known"
    #: Of a type that the mirror has no use for.
    UNHANDLED = "unhandled"
    #: Sent by a person to see its way.
    TRIAL = "trial"
    #: Nothing could be made of it: it will be tried again.
    FAILED = "failed"
    #: No event at all: the sink of the record sets it aside.
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one batch has to make durable."""

    last_offset: int
    #: Append time of that record.
    record_time_ms: int
    facts: list[NewRecord]
    states: list[NewRecord]
    #: None while a replay has not come to the end of what was written before it.
    progress: Progress | None
    applied: list[Applied] = field(default_factory=list)


class _Delivery(NamedTuple):
    """One event, whose, and where it stands."""

    envelope: Envelope
    head: EventHead
    record: SourceRecord
    stamp: int


class BillingPartition:
    """The state of one partition. `apply` is the only thing that changes it for good."""

    def __init__(self, generation: int, table: MirrorTable, progress: Progress | None) -> None:
        """Start from what was restored of the source's *generation*; *progress* None: nothing was read."""
        self.generation = generation
        self.table = table
        #: The last one that an outcome carried.
        self.progress = progress
        self._record_time_ms = progress.record_time_ms if progress else 0

    def apply(self, records: Sequence[SourceRecord]) -> Outcome:
        """Apply *records*, in order and without holes, and return all that follows from them."""
        facts: list[Fact] = []
        applied = [self._apply(record, facts) for record in records]
        last = records[-1]
        return Outcome(
            last.offset,
            last.recorded_at_ms,
            [NewRecord(*encode_fact(fact), last.recorded_at_ms) for fact in facts],
            self.table.take_dirty(last.recorded_at_ms),
            self._advance(records),
            applied,
        )

    def _apply(self, record: SourceRecord, facts: list[Fact]) -> Applied:
        stamp = stamp_of(self.generation, record.offset)
        try:
            head = read_head(record.value)
            delivery = _Delivery(read_envelope(record.headers.items()), head, record, stamp)
        except Reject:
            return Applied.UNREADABLE
        if is_trial(head.event_id):
            return Applied.TRIAL
        if not is_handled(head.type):
            return Applied.UNHANDLED
        try:
            event = read_event(record.value, head)
            taken = self.table.take(delivery.envelope.tenant, event, stamp, record.recorded_at_ms)
        except Exception as error:  # noqa: BLE001 -- an event that we cannot handle must not hold up all others
            facts.append(_failed(delivery, error))
            return Applied.FAILED
        facts += _facts(delivery, event, taken)
        return Applied.APPLIED if taken.is_news else Applied.KNOWN

    def _advance(self, records: Sequence[SourceRecord]) -> Progress | None:
        self._record_time_ms = max(self._record_time_ms, *(record.recorded_at_ms for record in records))
        stamp = stamp_of(self.generation, records[-1].offset)
        if stamp < self.table.restored_up_to:
            return None
        self.progress = Progress(stamp, self._record_time_ms, 0)
        return self.progress


def _facts(delivery: _Delivery, event: ObjectEvent, taken: Taken) -> list[Fact]:
    """Return what is to be told of an event that was taken in."""
    facts: list[Fact] = []
    reduced = taken.reduced
    if reduced.status is not None and event.type != SNAPSHOT:
        was = (event.previous or {}).get("status")
        facts.append(
            ObjectSeen(
                tenant=delivery.envelope.tenant,
                object_kind=event.kind,
                object_id=reduced.row.id,
                event_id=event.event_id,
                type=event.type,
                at_ms=event.as_of_ms,
                status=reduced.status,
                was=was if isinstance(was, str) else None,
                amount=reduced.amount,
                reason=reduced.reason,
                note=reduced.note,
                stamp=delivery.stamp,
            )
        )
    if delivery.envelope.origin is Origin.RETRY:
        facts.append(
            HandlingRetried(
                tenant=delivery.envelope.tenant,
                event_id=event.event_id,
                recorded_at_ms=delivery.record.recorded_at_ms,
                stamp=delivery.stamp,
            )
        )
    return facts


def _failed(delivery: _Delivery, error: Exception) -> HandlingFailed:
    # What went wrong is ours where it is no Reject: then its kind tells more than its text.
    reason = str(error) if isinstance(error, Reject) else f"{type(error).__name__}: {error}"
    return HandlingFailed(
        tenant=delivery.envelope.tenant,
        event_id=delivery.head.event_id,
        type=delivery.head.type,
        error=reason,
        recorded_at_ms=delivery.record.recorded_at_ms,
        stamp=delivery.stamp,
    )
