"""Webhooks in the archive, and by what a delivery is found."""

from schemas.webhook import read_content
from schemas.webhook_marks import Kind, Marks, day_of_record
from sinks.sql.steps import driver, run

#: Rows that are held at the same time.
_AT_ONCE = 500

# What was not kept of a delivery is what the event's first one said.
_UNMARKED = """
select d.tenant, d.type, d.object_id, d.sighting, coalesce(d.payload, f.payload),
    d.recorded_at_ms, d.generation, d.partition, d.source_offset
from webhook_deliveries d
left join webhook_deliveries f
    on f.tenant = d.tenant and f.event_id = d.event_id and f.sighting = 'first' and d.payload is null
"""
_MARK = """
update webhook_deliveries set marks = %s
where (recorded_at_ms, generation, partition, source_offset) = (%s, %s, %s, %s)
"""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Widen the archive's manifest; mark every delivery, and make what searches the marks."""
    run("0008_webhook_search.up.sql")
    _mark()
    run("0008_webhook_search.marked.sql")


def _mark() -> None:
    with driver().cursor(name="unmarked") as unmarked, driver().cursor() as marking:
        unmarked.execute(_UNMARKED)
        while rows := unmarked.fetchmany(_AT_ONCE):
            marking.executemany(_MARK, [(_marks_of(*row[:6]), *row[5:]) for row in rows])


def _marks_of(
    tenant: str, event_type: str, object_id: str | None, sighting: str, payload: bytes, recorded_at_ms: int
) -> list[int]:
    marks = Marks(tenant, day_of_record(recorded_at_ms))
    found = marks.of_event(event_type, object_id, read_content(payload).members)
    return [*found, marks.of(Kind.SIGHTING, sighting)]


def downgrade() -> None:
    """Forget both."""
    run("0008_webhook_search.down.sql")
