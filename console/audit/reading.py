"""Reads the audit log."""

from datetime import datetime
from typing import Any, NamedTuple

from console.audit.core.chain import Chain, Link, follow
from console.queries import queries
from runtime.postgres import Connection


class Entry(NamedTuple):
    """One change."""

    id: int
    at: datetime
    #: Whom the command named.
    who: str
    #: Whom PostgreSQL let in, and from which address; none over a socket.
    login: str
    address: str | None
    what: str
    tenant: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def list_entries(connection: Connection, tenant: str | None, from_ms: int, to_ms: int) -> list[Entry]:
    """Return the changes of a span, of one tenant or all, in their order."""
    wanted = {"tenant": tenant, "from_ms": from_ms, "to_ms": to_ms}
    return [Entry(*row) for row in connection.execute(queries(__package__)["entries"], wanted)]


def read_chain(connection: Connection, noted: str = "") -> Chain:
    """Follow the whole chain; *noted* is a head of before that it has to contain."""
    return follow((Link(*row) for row in connection.execute(queries(__package__)["links"])), noted)
