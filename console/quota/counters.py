"""What `weir.quotas` says now, read to its end without a group."""

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeVar

from console.usage.core.freshness import LogEnds
from console.usage.log_ends import look
from runtime.broker import Broker
from runtime.log_reader import read
from runtime.settings import Settings
from schemas import quota
from schemas.rollup import Progress, ProgressKey
from schemas.topics import QUOTAS, topic_name

K = TypeVar("K", quota.UsedKey, quota.EventsKey)
R = TypeVar("R", quota.UsedRow, quota.EventsRow)

_CHUNK: Final = 5_000


class Counters(NamedTuple):
    """The newest row of every key, and how far the processors were."""

    used: dict[quota.UsedKey, quota.UsedRow]
    events: dict[quota.EventsKey, quota.EventsRow]
    progress: dict[int, Progress]
    #: Where `weir.usage` ended before they were read.
    ends: LogEnds


def read_counters(settings: Settings, partitions: Iterable[int]) -> Counters:
    """Return the counters of *partitions*. Raises TryAgain, and Reject for what this release cannot read."""
    broker = Broker.of(settings, "quota")
    counters = Counters({}, {}, {}, look(broker, settings))
    topic = topic_name(settings.topic_prefix, QUOTAS)
    where = [(topic, number) for number in partitions]
    starts, ends = broker.earliest(where), broker.latest(where)
    for message in read(settings, "quota", starts, ends, _CHUNK):
        _take(counters, message.key() or b"", message.value() or b"")
    return counters


def _take(counters: Counters, raw: bytes, value: bytes) -> None:
    key = quota.decode_key(raw)
    if isinstance(key, ProgressKey):
        counters.progress[key.partition] = quota.decode_progress(value)
    elif isinstance(key, quota.UsedKey):
        _keep(counters.used, key, quota.decode_used(value) if value else None)
    else:
        _keep(counters.events, key, quota.decode_events(value) if value else None)


def _keep(rows: dict[K, R], key: K, row: R | None) -> None:
    """Keep the row with the highest stamp; None: the key is over."""
    if row is None:
        rows.pop(key, None)
    elif key not in rows or rows[key].stamp <= row.stamp:
        rows[key] = row
