"""A change, its fact and its entry in the audit log are one transaction."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from psycopg.types.json import Jsonb

from console.queries import queries
from runtime.postgres import Connection
from schemas.catalog import Fact, encode_fact, fact_key
from schemas.topics import CATALOG


class Change:
    """An open transaction in which something is decided."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.entries = 0

    def record(
        self,
        what: str,
        *,
        tenant: str | None = None,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
    ) -> None:
        """Write into the audit log what happened ("key.revoked"), and what was before and is now.

        Who it was, PostgreSQL adds. No secret: no text of a key, and no hash of one.
        """
        entry = {"what": what, "tenant": tenant, "before": _json(before), "after": _json(after)}
        self.connection.execute(queries(__package__)["audit_add"], entry)
        self.entries += 1

    def tell(self, *facts: Fact) -> None:
        """Put *facts* into the outbox; the relay publishes them once this has committed."""
        sql = queries(__package__)
        for fact in facts:
            row = {"topic": CATALOG.name, "key": fact_key(fact), "value": encode_fact(fact)}
            self.connection.execute(sql["outbox_add"], row)
        self.connection.execute(sql["outbox_notify"])

    def tell_everything_again(self) -> None:
        """Have every fact so far published once more: the topic that held them is a new one."""
        self.connection.execute(queries(__package__)["outbox_again"], {"topic": CATALOG.name})


@contextmanager
def change(connection: Connection) -> Iterator[Change]:
    """Run the block as one transaction of an autocommit *connection*; changes wait for each other.

    A block that wrote anything and recorded nothing raises, and nothing of it stays.
    """
    with connection.transaction():
        connection.execute(queries(__package__)["one_change_at_a_time"])
        changed = Change(connection)
        yield changed
        if not changed.entries and _has_written(connection):
            raise RuntimeError("a change has to leave an entry in the audit log: call `record`")


def _has_written(connection: Connection) -> bool:
    found = connection.execute(queries(__package__)["has_written"]).fetchone()
    return found is not None and bool(found[0])


def _json(value: Mapping[str, object] | None) -> Jsonb | None:
    return None if value is None else Jsonb(dict(value))
