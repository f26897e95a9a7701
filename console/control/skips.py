"""Skips: one poisonous source record is refused, on every replay too."""

from console.control.change import change
from console.queries import queries
from runtime.postgres import Connection
from schemas.catalog import RecordSkipped
from schemas.errors import AlreadyDone, Reject
from schemas.position import Position
from schemas.topics import USAGE


def skip_record(connection: Connection, position: Position, prefix: str, reason: str) -> RecordSkipped:
    """Have the record at *position* refused. Raises Reject, or AlreadyDone."""
    if position.topic not in {USAGE.name, prefix + USAGE.name}:
        raise Reject(f"only records of {prefix}{USAGE.name} can be skipped, not of {position.topic}")
    if not reason.strip():
        raise Reject("a skip needs a reason: whoever reads the books will want to know")
    fact = RecordSkipped(USAGE.name, position.partition, position.offset, reason.strip())
    with change(connection) as changed:
        row = {"topic": fact.topic, "partition": fact.partition, "offset": fact.offset, "reason": fact.reason}
        if connection.execute(queries(__package__)["skip_add"], row).fetchone() is None:
            raise AlreadyDone(str(position))
        changed.record("record.skipped", after=row)
        changed.tell(fact)
    return fact
