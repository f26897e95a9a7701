"""The read API as a client sees it, and rows put into PostgreSQL by hand."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from functools import reduce
from typing import Any, NamedTuple

from console.control.keys import create_key
from runtime.postgres import Connection
from schemas.instant import HOUR_MS
from schemas.level import KIND
from schemas.partial import Partial, merge, single
from schemas.sketch import of_values

MICRO = 1_000_000
#: What a test may take that speaks of this hour.
_ENOUGH_MS = 60_000


class Answer(NamedTuple):
    """Status, headers and body of an answer."""

    status: int
    headers: dict[str, str]
    body: Any


class Client(NamedTuple):
    """Asks one API with one key."""

    address: str
    key: str | None

    def get(self, path: str, **parameters: str) -> Answer:
        return self.get_with({}, path, **parameters)

    def get_with(self, headers: dict[str, str], path: str, **parameters: str) -> Answer:
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        request = urllib.request.Request(self.address + path + query, headers=headers)  # noqa: S310
        if self.key is not None:
            request.add_header("Authorization", f"Bearer {self.key}")
        try:
            with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
                return Answer(response.status, dict(response.headers), _body(response.read()))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), _body(error.read()))


def _body(raw: bytes) -> Any:  # noqa: ANN401
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode()


def client_of(connection: Connection, address: str, tenant: str, *scopes: str) -> Client:
    """Return a client with a new key of *tenant*; a key may read where no scope is named."""
    key, _ = create_key(connection, tenant, scopes or ("read",), tenant.encode().ljust(32, b"."))
    return Client(address, key.text)


def this_hour_ms() -> int:
    """Return the start of this hour, which goes on for a while: near its end the next one is waited for."""
    left_ms = HOUR_MS - time.time_ns() // 1_000_000 % HOUR_MS
    if left_ms < _ENOUGH_MS:
        time.sleep(left_ms / 1_000)
    return time.time_ns() // 1_000_000 // HOUR_MS * HOUR_MS


def put_rollup(
    connection: Connection,
    tenant: str,
    customer: str,
    meter: str,
    start_ms: int,
    partial: Partial,
    arrival_day: int = 0,
    group: str = "",
) -> None:
    connection.execute(
        "insert into rollups (tenant, customer, meter, grp, window_start_ms, arrival_day, events,"
        " sum, min, max, first_ms, first_value, latest_ms, latest_value, stamp, partition)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1, 0)",
        (tenant, customer, meter, group, start_ms, arrival_day, *partial_values(partial)),
    )


def put_levels(
    connection: Connection,
    tenant: str,
    customer: str,
    meter: str,
    levels: Mapping[int, int],
    arrival_day: int = 0,
    group: str = "",
) -> None:
    """Put the row of the hour in which *levels* were stated, by instant, with its pages."""
    partials = [single(at_ms, level * MICRO) for at_ms, level in sorted(levels.items())]
    hour_ms = min(levels) - min(levels) % HOUR_MS
    put_rollup(connection, tenant, customer, meter, hour_ms, reduce(merge, partials), arrival_day, group)
    sketch = of_values(KIND, [KIND.entry_of(at_ms, level * MICRO) for at_ms, level in levels.items()])
    for number, page in sketch.pages.items():
        connection.execute(
            "insert into sketches (tenant, customer, meter, grp, window_start_ms, arrival_day, page, content,"
            " stamp, partition) values (%s, %s, %s, %s, %s, %s, %s, %s, 1, 0)",
            (tenant, customer, meter, group, hour_ms, arrival_day, number, page.encode()),
        )


def put_fates(
    connection: Connection, tenant: str, event_type: str, hour_ms: int, day: int, **counts: int
) -> None:
    """Put counts of fates of events that came on *day*; what is not named is 0."""
    names = ("counted", "in_grace", "late", "duplicate", "conflict", "unmatched", "refused")
    connection.execute(
        "insert into fate_counts (tenant, type, hour_ms, arrival_day, partition,"
        " counted, in_grace, late, duplicate, conflict, unmatched, refused, stamp)"
        " values (%s, %s, %s, %s, 0, %s, %s, %s, %s, %s, %s, %s, 1)",
        (tenant, event_type, hour_ms, day, *(counts.get(name, 0) for name in names)),
    )


def partial_values(partial: Partial) -> tuple[int, ...]:
    return (
        partial.events,
        partial.sum,
        partial.min,
        partial.max,
        partial.first_ms,
        partial.first,
        partial.latest_ms,
        partial.latest,
    )


def put_progress(connection: Connection, partition: int, offset: int, record_time_ms: int) -> None:
    connection.execute(
        "insert into progress (partition, generation, source_offset, record_time_ms, catalog_version)"
        " values (%s, 1, %s, %s, 1) on conflict (partition) do update"
        " set source_offset = excluded.source_offset, record_time_ms = excluded.record_time_ms",
        (partition, offset, record_time_ms),
    )


def count_of(events: int, quantity_micro: int, at_ms: int) -> Partial:
    """Return a partial of *events* that add up to *quantity_micro*."""
    each = quantity_micro // events
    return Partial(events, quantity_micro, each, each, at_ms, each, at_ms, each)
