"""Stripe's events put into the mirror as the processor and the sink put them, without a log."""

from processors.billing.core.partition import BillingPartition
from processors.billing.core.table import MirrorTable
from processors.stream.core.records import NewRecord
from runtime.postgres import Connection
from schemas.topics import BILLING, MIRROR
from sinks.core.log import Log
from sinks.core.record import Record
from sinks.mirror.sink import MirrorSink
from sinks.sql import queries
from tests.stripe.shapes import Object, event, shape
from tests.unit.processors.billing.mirror_of import record_of


class Mirrorer:
    """Applies events one after the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._partition = BillingPartition(1, MirrorTable(), None)
        self._next_offset = 0

    def apply(self, tenant: str, *events: Object) -> None:
        """Have the mirror know *events* of *tenant*, in one transaction."""
        outcome = self._partition.apply(
            [record_of(one, self._next_offset + place, tenant=tenant) for place, one in enumerate(events)]
        )
        self._next_offset += len(events)
        sink = MirrorSink(queries(), 1.0)
        for topic, records in ((BILLING.name, outcome.facts), (MIRROR.name, outcome.states)):
            if records:
                sink.take(Log(topic, 0), [_record(offset, one) for offset, one in enumerate(records)])
        batch = sink.cut()
        assert batch is not None
        batch.prepare()
        with self._connection.transaction():
            assert not batch.write(self._connection, careful=False).refused


def told(event_type: str, of: str, at_s: int, **changes: object) -> Object:
    """Return the event of *event_type* about the shape *of* with *changes*, in the second *at_s*."""
    about = shape(of) | changes
    return event(event_type, about, event_id=f"evt_{event_type}_{about['id']}_{at_s}", created_s=at_s)


def _record(offset: int, record: NewRecord) -> Record:
    return Record(offset, record.timestamp_ms, record.key, record.value)
