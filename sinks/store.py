"""One connection to PostgreSQL, made anew when it breaks; all that a sink writes goes through it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg
from psycopg.errors import DataError, IntegrityError, ProgramLimitExceeded, UndefinedTable

from runtime.postgres import Connection, connect
from runtime.settings import Settings
from schemas.errors import TryAgain

#: How long a statement waits for a lock.
LOCK_SECONDS: Final = 5
#: A statement waits for a lock or runs only so long: then the group hears of us again, and we try anew.
#: A process that was stopped in a transaction must not keep its successor waiting.
_SESSION: Final = f"""
set lock_timeout = '{LOCK_SECONDS}s';
set statement_timeout = '30s';
set idle_in_transaction_session_timeout = '10s';
set jit = off
"""

#: What PostgreSQL says about a row. All else is about itself, and never a reason to set a row aside.
REFUSALS: Final = (DataError, IntegrityError, ProgramLimitExceeded)


def _nothing(_connection: Connection) -> None:
    """Prepare nothing."""


class Store:
    """The database as one sink uses it. Not for several threads."""

    def __init__(
        self, settings: Settings, name: str, prepare: Callable[[Connection], None] = _nothing
    ) -> None:
        """Connect later, as *name*; *prepare* makes what a connection of this sink needs."""
        self._settings = settings
        self._name = name
        self._prepare = prepare
        self._connection: Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection in a transaction, committed at the end. Raises TryAgain when there is none."""
        try:
            connection = self._connected()
            with connection.transaction():
                yield connection
        except UndefinedTable:
            self.close()
            raise TryAgain("the database has no tables yet: waiting for `weir db migrate`") from None
        except (psycopg.OperationalError, psycopg.InterfaceError):
            if self._connection is not None and self._connection.closed:
                self.close()
            raise

    def close(self) -> None:
        """Let the connection go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def _connected(self) -> Connection:
        if self._connection is None:
            connection = connect(self._settings, self._name, autocommit=True)
            self._connection = connection
            connection.execute(_SESSION)
            self._prepare(connection)
        return self._connection
