"""What the doctor asks PostgreSQL."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psutil

from console.audit.reading import read_chain
from console.control.core.ground import Recorded
from console.control.stripe_keys import sealed_keys
from console.control.webhook_secrets import sealed_secrets
from console.doctor.core.check import Check, good
from console.doctor.core.rules import (
    Load,
    Missed,
    Stripe,
    audit_check,
    canary_check,
    catalog_checks,
    clock_checks,
    horizon_check,
    job_checks,
    owed_checks,
    stripe_checks,
    version_checks,
)
from console.queries import queries
from runtime.postgres import Connection
from runtime.sealing import Keyring
from runtime.settings import Settings
from schemas.alert import JobDeadlineMissed, decode_alert
from schemas.canary import CANARY
from schemas.errors import Misconfigured
from schemas.instant import DAY_MS, HOUR_MS, SECOND_MS, day_of
from sinks.sql import head

#: What is typical is told by as many days, the present one included.
_DAYS: Final = 3


def postgres_checks(settings: Settings, connection: Connection) -> Iterator[Check]:
    """Yield what is seen of the store. Nothing but the version is asked of a store without a schema."""
    yield good("postgres", "PostgreSQL answers")
    schema = _one(connection, "schema_version") if _one(connection, "has_schema") else None
    yield from version_checks(connection.info.server_version // 10_000, schema, head())
    if schema is None:
        return
    yield from clock_checks({"PostgreSQL": _clock_offset(connection), "Kafka": _broker_offset(connection)})
    outbox, seconds = _row(connection, "outbox_waiting")
    yield from catalog_checks(_one(connection, "catalog_versions"), outbox, seconds)
    if schema == head():
        yield audit_check(read_chain(connection))
        yield canary_check(_canary_silence(connection), settings.canary_seconds)
        unasked, unanswered = _row(connection, "doubts")
        unwalked = _one(connection, "failed_walks")
        yield from stripe_checks(Stripe(_unopened(settings, connection), unasked, unanswered, unwalked))
        yield from job_checks(_missed(connection))
    letters: dict[str, int] = dict(connection.execute(queries(__package__)["dead_letters"]).fetchall())
    yield from owed_checks(letters, _one(connection, "lost"))
    yield horizon_check(_load(settings, connection))


def recorded_topics(connection: Connection) -> dict[str, Recorded]:
    """Return the topics that offsets speak of; none where there is no schema yet."""
    if not _one(connection, "has_schema"):
        return {}
    rows = connection.execute(queries(__package__)["generations"]).fetchall()
    return {topic: Recorded(topic_id, generation) for topic, topic_id, generation in rows}


def _load(settings: Settings, connection: Connection) -> Load:
    since_day = day_of(time.time_ns() // 1_000_000) - _DAYS + 1
    (ids_a_day,) = _row(connection, "load", since_day=since_day)
    return Load(
        ids_a_day,
        settings.dedupe_horizon_seconds * SECOND_MS,
        shutil.disk_usage(_existing(settings.data)).free,
        psutil.virtual_memory().available,
    )


def _unopened(settings: Settings, connection: Connection) -> int:
    """Return how many secrets and keys the present key does not open, nor the one before."""
    now_ms = time.time_ns() // 1_000_000
    kept = [*sealed_secrets(connection, now_ms), *sealed_keys(connection)]
    if not kept:
        return 0
    try:
        keyring = Keyring.of(settings)
    except Misconfigured:
        return len(kept)
    unopened = 0
    for purpose, sealed in kept:
        try:
            keyring.open(sealed, purpose)
        except Misconfigured:
            unopened += 1
    return unopened


def _missed(connection: Connection) -> list[Missed]:
    """Return, by job, the longest delay of those that began too late within the last hour."""
    since_ms = time.time_ns() // 1_000_000 - HOUR_MS
    kept = connection.execute(queries(__package__)["alerts_since"], {"since_ms": since_ms}).fetchall()
    longest: dict[str, float] = {}
    for (fact,) in kept:
        alert = decode_alert(fact)
        if isinstance(alert, JobDeadlineMissed):
            seconds = (alert.began_at_ms - alert.owed_since_ms) / SECOND_MS
            longest[alert.job] = max(seconds, longest.get(alert.job, 0.0))
    return [Missed(*each) for each in sorted(longest.items())]


def _canary_silence(connection: Connection) -> float | None:
    since_ms = time.time_ns() // 1_000_000 - DAY_MS
    (seconds,) = _row(connection, "canary_silence", tenant=CANARY, since_ms=since_ms)
    return None if seconds is None else float(seconds)


def _existing(path: Path) -> Path:
    """Return *path*, or the nearest folder above it that is there."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())


def _clock_offset(connection: Connection) -> float:
    before = time.time()
    theirs = float(_one(connection, "clock"))
    # The answer was given somewhere between question and arrival.
    return (before + time.time()) / 2 - theirs


def _broker_offset(connection: Connection) -> float:
    """Return by how much the broker's clock is ahead, below 0; it is told by the newest record's time."""
    newest_ms = _one(connection, "newest_record")
    return min(0.0, time.time() - newest_ms / SECOND_MS) if newest_ms else 0.0


def _one(connection: Connection, name: str) -> Any:  # noqa: ANN401 -- whatever the query selects
    return _row(connection, name)[0]


def _row(connection: Connection, name: str, **values: object) -> tuple[Any, ...]:
    row = connection.execute(queries(__package__)[name], values).fetchone()
    if row is None:
        raise TypeError(name)
    return row
