"""A change and its fact are one transaction: the stream hears of everything, and of nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from console.queries import queries
from runtime.postgres import Connection
from schemas.catalog import Fact, encode_fact, fact_key
from schemas.topics import CATALOG


class Change(NamedTuple):
    """An open transaction in which something is decided."""

    connection: Connection

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
    """Run the block as one transaction of an autocommit *connection*; changes wait for each other."""
    with connection.transaction():
        connection.execute(queries(__package__)["one_change_at_a_time"])
        yield Change(connection)
