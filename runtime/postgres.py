"""PostgreSQL by psycopg 3: a connection for a thread, a pool for a loop, and what an error asks us to do."""

import re
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final, Literal

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from runtime import logs
from runtime.backoff import delays
from runtime.metrics import Metrics
from runtime.operator import operator_of
from runtime.settings import Settings
from schemas.errors import Misconfigured, TryAgain
from schemas.metrics import DB_POOL_CONNECTIONS

CONNECT_SECONDS: Final = 5
#: A peer that has vanished is given up after this, instead of the kernel's quarter of an hour.
_SILENT_PEER_MS: Final = 10_000
#: No second try helps here. libpq gives no SQLSTATE while it connects, so the words have to tell.
_REFUSALS: Final = ("authentication failed", "does not exist", "is not permitted to log in")
#: SQLSTATE class of statements and rows that PostgreSQL will never take, though it calls them operational.
_BEYOND_LIMITS: Final = "54"

#: The role of the read API; the schema's migrations make it.
READER: Final = "weir_reader"

Connection = psycopg.Connection[TupleRow]
AsyncConnection = psycopg.AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[AsyncConnection]
#: Called with each connection that enters a pool, or comes back to it.
Hook = Callable[[AsyncConnection], Awaitable[None]]
#: Values of the label `reason` of weir_sink_retries_total.
RetryReason = Literal["serialization", "deadlock", "connection", "timeout", "displaced"]

log = logs.get_logger(__name__)


def as_reader(settings: Settings, key_hash: bytes | None = None) -> Settings:
    """Return *settings* with the DSN of the read API. Raises Misconfigured.

    With *key_hash*, the SHA-256 of an API key, connections see the rows of that key's tenant; without
    it no tenant's, until a transaction shows a key.
    """
    try:
        dsn = settings.postgres_reader or make_conninfo(settings.postgres, user=READER)
        if key_hash is not None:
            given = str(conninfo_to_dict(dsn).get("options") or "")
            dsn = make_conninfo(dsn, options=f"{given} -c weir.key_hash={key_hash.hex()}".strip())
    except psycopg.ProgrammingError as error:
        raise Misconfigured(
            f"the read API's DSN is none ({_line(error)}): mend WEIR_POSTGRES_READER"
        ) from None
    return replace(settings, postgres=dsn)


def connect(settings: Settings, name: str, *, autocommit: bool = False) -> Connection:
    """Connect, or raise TryAgain when PostgreSQL is away, Misconfigured when it will not have us.

    *name* says what the connection is for, in pg_stat_activity.
    """
    try:
        return psycopg.connect(settings.postgres, autocommit=autocommit, **_options(settings, name))
    except psycopg.ProgrammingError as error:
        raise Misconfigured(f"WEIR_POSTGRES is no DSN ({_line(error)}): postgresql://user@host/db") from None
    except psycopg.OperationalError as error:
        if any(words in str(error) for words in _REFUSALS):
            raise Misconfigured(f"PostgreSQL refuses us ({_line(error)}): mend WEIR_POSTGRES") from None
        raise TryAgain(f"PostgreSQL is away: {_line(error)}") from None


def connect_patiently(
    settings: Settings, name: str, stop: threading.Event, *, autocommit: bool = False
) -> Connection | None:
    """Connect, however long PostgreSQL is away; None when *stop* was set first."""
    for delay in delays():
        try:
            return connect(settings, name, autocommit=autocommit)
        except TryAgain as error:
            log.warning("postgres.away", connection=name, reason=str(error), next_try_seconds=delay)
        if stop.wait(delay):
            break
    return None


def open_pool(
    settings: Settings,
    name: str,
    most: int,
    *,
    seconds: float = 5.0,
    configure: Hook | None = None,
    reset: Hook | None = None,
) -> Pool:
    """Return a pool of at most *most* connections for an `async with`, which opens it.

    It does not wait for PostgreSQL. Whoever gets no connection within *seconds* gets PoolTimeout.
    A connection that *configure* raises for is not taken; *reset* sees each that comes back.
    """
    return AsyncConnectionPool(
        settings.postgres,
        kwargs=_options(settings, name),
        min_size=1,
        max_size=most,
        timeout=seconds,
        open=False,
        name=name,
        configure=configure,
        reset=reset,
        check=AsyncConnectionPool.check_connection,  # a restart of PostgreSQL is not the caller's trouble
    )


def observe_pool(pool: Pool, metrics: Metrics) -> None:
    """Set weir_db_pool_connections to what *pool* is doing now."""
    stats = pool.get_stats()
    idle = stats["pool_available"]
    used = stats["pool_size"] - idle
    states = {"used": used, "idle": idle, "waiting": stats.get("requests_waiting", 0)}
    for state, count in states.items():
        metrics.gauge(DB_POOL_CONNECTIONS).labels(pool.name, state).set(count)


def retry_reason(error: psycopg.Error) -> RetryReason | None:
    """Say why the same transaction may succeed when it is tried again; None: it never will."""
    match error:
        case errors.DeadlockDetected():
            return "deadlock"
        case errors.SerializationFailure():
            return "serialization"
        case errors.QueryCanceled() | errors.LockNotAvailable() | errors.IdleInTransactionSessionTimeout():
            return "timeout"
        case psycopg.OperationalError() if (error.sqlstate or "").startswith(_BEYOND_LIMITS):
            return None
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return "connection"
    return None


def _options(settings: Settings, name: str) -> dict[str, Any]:
    try:
        given = str(conninfo_to_dict(settings.postgres).get("options") or "")
    except psycopg.ProgrammingError:
        given = ""  # no DSN: connecting says so
    ours = f"-c timezone=UTC -c weir.operator={_escaped(operator_of(settings))}"
    return {
        "application_name": f"{settings.instance}/{name}",
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": _SILENT_PEER_MS // 1_000,
        "tcp_user_timeout": _SILENT_PEER_MS,
        "options": f"{given} {ours}".strip(),
    }


def _escaped(text: str) -> str:
    """Return *text* as one word of libpq's options."""
    return re.sub(r"([\\\s])", r"\\\1", text)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
