"""What may stand on one partition of weir.usage, good and bad, and the catalogues that measure it.

Hypothesis draws how many records and events there are, and a seed for what is in them: drawing
each field costs thirty times as much.
"""

import json
from collections.abc import Sequence
from random import Random
from typing import Any, Final, NamedTuple

import msgspec
from hypothesis import strategies as st

from schemas.admission import AHEAD_MS, text_fault, time_fault
from schemas.catalog import Catalog, CustomerPlaced, MetersPublished, RecordSkipped
from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.groups import Filter
from schemas.horizon import SLACK_MS
from schemas.instant import HOUR_MS, LAST_MS
from schemas.meters import Aggregation, Meter
from schemas.pack import encode_pack
from schemas.partition import partition_of
from schemas.plan import Mode, Plan, Quota
from schemas.quantity import MICRO
from schemas.source_record import CLOUDEVENT, CLOUDEVENTS
from tests.cloud_event import cloudevent
from tests.unit.processors.usage.model import Invalid, Unreadable

TOPIC: Final = "weir.usage"
PARTITIONS: Final = 2
PARTITION: Final = 0
HORIZON_MS: Final = 3 * HOUR_MS
#: Noon, so that a few hours pass midnight.
START_MS: Final = 1_763_726_400_000

ALL: Final = tuple(
    Meter(name=f"{aggregation}_of_many", event_type="many", aggregation=aggregation)
    for aggregation in Aggregation
    if aggregation is not Aggregation.UNIQUE
)
API: Final = Meter(name="api", event_type="api", default_one=True)
STORAGE: Final = Meter(
    name="storage", event_type="storage", properties=("bytes", "hours"), per_unit=2**30 * 3600
)
SIZE: Final = Meter(name="size", event_type="storage", aggregation=Aggregation.MAX)
TRAFFIC: Final = Meter(name="traffic", event_type="traffic", per_unit=2**30)
PATHS: Final = Meter(name="paths", event_type="call", default_one=True, group_by=("path", "/data/user/plan"))
#: Together they count most calls, once or twice, and leave out some.
GETS: Final = Meter(
    name="gets", event_type="call", default_one=True, filters=(Filter("method", ("GET", "HEAD")),)
)
PAID: Final = Meter(
    name="paid",
    event_type="call",
    properties=("/data/user/tokens",),
    filters=(Filter("/data/user/plan", ("pro",)), Filter("ok", ("true",))),
    group_by=("method",),
)
#: Different places that were visited, and different places for different plans.
VISITED: Final = Meter(
    name="visited",
    event_type="visit",
    aggregation=Aggregation.UNIQUE,
    unique_by=("path",),
    group_by=("method",),
)
VISITED_BY_PLAN: Final = Meter(
    name="visited_by_plan",
    event_type="visit",
    aggregation=Aggregation.UNIQUE,
    unique_by=("path", "/data/user/plan"),
)

_FREE: Final = Plan(
    name="free",
    quotas=(
        Quota(meter="api", limit_micro=20 * MICRO, period="day"),
        Quota(meter="storage", limit_micro=2 * MICRO, mode=Mode.SOFT, thresholds=(50, 80)),
        Quota(meter="sum_of_many", limit_micro=0, period="week"),
        Quota(meter="count_of_many", limit_micro=7 * MICRO, period="day", thresholds=(1, 50, 200)),
        Quota(meter="paths", limit_micro=None),
        # It keeps single values, so nobody counts this quota.
        Quota(meter="visited", limit_micro=1, period="day"),
        # No version has a meter of this name.
        Quota(meter="none", limit_micro=1),
    ),
)
_OWN: Final = Plan(
    name="own",
    quotas=(
        Quota(meter="api", limit_micro=8 * MICRO, period="anniversary"),
        Quota(meter="gets", limit_micro=3 * MICRO, period="1d"),
        Quota(meter="max_of_many", limit_micro=3 * MICRO, period="day"),
    ),
)
PLANS: Final[dict[str, Any]] = {"plans": (_FREE, _OWN), "default_plan": "free"}

_VERSIONS: Final = (
    MetersPublished(1, 0, (API, STORAGE, SIZE, TRAFFIC, GETS, PAID, VISITED, *ALL), **PLANS),
    # The second one measures less, otherwise, and with another grace; the third one more.
    MetersPublished(
        2,
        START_MS + HOUR_MS,
        (API, TRAFFIC, PATHS, PAID, VISITED, VISITED_BY_PLAN, *ALL[2:4], *ALL[-2:]),
        2 * HOUR_MS,
        **PLANS,
    ),
    MetersPublished(
        3,
        START_MS + 3 * HOUR_MS,
        (API, STORAGE, PATHS, GETS, VISITED, *ALL, Meter(name="x", event_type="none")),
        **PLANS,
    ),
)
#: What meters keep in pages, by name.
KINDS: Final = {
    meter.name: kind
    for version in _VERSIONS
    for meter in version.meters
    if (kind := meter.aggregation.rule.kind) is not None
}


class Sent(NamedTuple):
    """A record as it is on the wire, and as it was meant."""

    value: bytes
    headers: dict[str, bytes]
    recorded_at_ms: int
    events: Sequence[UsageEvent | Invalid] | Unreadable


def customers(belonging: bool) -> list[tuple[str, str]]:  # noqa: FBT001 -- reads well where it is called
    names = [(tenant, f"c-{number}") for tenant in ("acme", "globex") for number in range(8)]
    return [name for name in names if (partition_of(*name, PARTITIONS) == PARTITION) == belonging]


def catalogs() -> st.SearchStrategy[Catalog]:
    """Return catalogues of one to three versions that may skip a record near the start of the log."""

    def catalog(versions: int, skipped: set[int]) -> Catalog:
        skips = [RecordSkipped("usage", PARTITION, offset, "poison") for offset in skipped]
        return Catalog().with_facts([*_VERSIONS[:versions], PLACED, *skips])

    return st.builds(
        catalog, st.integers(1, 3), st.sets(st.sampled_from(range(2**32 - 3, 2**32 + 9)), max_size=1)
    )


TRUSTED: Final = customers(belonging=True)[:3]
#: Its own days and months begin within the hours that are played.
PLACED: Final = CustomerPlaced(*TRUSTED[0], "own", START_MS + 2 * HOUR_MS + HOUR_MS // 2)
_WHO: Final = [*TRUSTED * 5, *customers(belonging=False)[:1], ("", "c-1"), ("acme", "c\n1")]
_TYPES: Final = [
    *["api"] * 3,
    *["storage"] * 2,
    "traffic",
    *["many"] * 3,
    *["call"] * 3,
    *["visit"] * 3,
    "none",
]
_SOURCES: Final = ["api"] * 20 + ["other", "", "\0"]
_UUIDS: Final = ["00112233-4455-6677-8899-aabbccddeeff", "00000000-0000-0000-0000-000000000000"]
#: Some come again and again, so that there are copies; of the others there are enough to fill a table.
_IDS: Final = [
    *["e-1", "e-2", "e-3", "e-4", *_UUIDS] * 5,
    *(f"n-{number}" for number in range(60)),
    "e" * 129,
]
_QUANTITIES: Final = [0, 1, 500_000, 1_000_000, 3 * 10**6, 3 * 10**6, NO_QUANTITY, 2**63, 10**24]
_RESTS: Final = [
    *[b""] * 6,
    b'{"data":{"bytes":1073741824,"hours":"1.5"}}',
    b'{"data":{"bytes":3}}',
    b'{"data":{"bytes":"-3","hours":1}}',
    b'{"data":{"path":"/x"},"shard":1}',
    b'{"data":{"method":"GET","path":"/x"}}',
    b'{"data":{"method":"PUT","ok":true,"path":"/y","user":{"plan":"pro","tokens":3}}}',
    b'{"data":{"method":"HEAD","ok":true,"user":{"plan":"pro","tokens":"x"}}}',
    *(b'{"data":{"method":"GET","path":"/%d","user":{"plan":"pro"}}}' % number for number in range(5)),
    b'{"data":{"method":["GET"],"ok":"true","path":2.5,"user":{"plan":null}}}',
]
#: No door lets these pass, but a pack can hold them.
_FOREIGN_RESTS: Final = [b"[[", b'{"data":7}', b'{"data":' + b"[" * 100_000]
_UNREADABLE: Final[Sequence[tuple[bytes, dict[str, bytes]]]] = [
    (b"\0", {}),
    (b"x", {"content-type": b"text/plain"}),
    (b"{}", {"content-type": CLOUDEVENT.encode()}),
    (b"[]", {"content-type": CLOUDEVENTS.encode(), "tenant": b"acme"}),
]


def any_record(chance: Random, recorded_at_ms: int, size: int) -> Sent:
    """Return a record appended at this time with *size* events, if it can be read."""
    kind = chance.randrange(10)
    if kind == 0:
        value, headers = chance.choice(_UNREADABLE)
        return Sent(value, headers, recorded_at_ms, Unreadable())
    if kind <= 2:
        return _cloudevents(chance, recorded_at_ms, size)
    return _pack(chance, recorded_at_ms, size)


def any_time(chance: Random, recorded_at_ms: int) -> int:
    """Return an event time: none, a recent one, or one on either side of an edge."""
    hour_ms = recorded_at_ms - recorded_at_ms % HOUR_MS
    oldest_ms = recorded_at_ms - HORIZON_MS - SLACK_MS
    latest_ms = recorded_at_ms + AHEAD_MS + SLACK_MS
    match chance.randrange(10):
        case 0:
            return NOT_GIVEN
        case 1 | 2 | 3:
            return recorded_at_ms - chance.randrange(5)
        case 4 | 5:
            return recorded_at_ms - chance.randrange(4 * HOUR_MS)
        case 6 | 7 | 8:
            return hour_ms - chance.randrange(4) * HOUR_MS - chance.randrange(2)
        case _:
            return chance.choice([oldest_ms - 1, oldest_ms, latest_ms, latest_ms + 1, 0, LAST_MS])


def _event(chance: Random, recorded_at_ms: int, tenant: str | None = None) -> UsageEvent:
    whose, customer = chance.choice(_WHO)
    event_type = "t" * 129 if chance.randrange(40) == 0 else chance.choice(_TYPES)
    return UsageEvent(
        Series(whose if tenant is None else tenant, customer, event_type),
        any_time(chance, recorded_at_ms),
        chance.choice(_QUANTITIES),
        chance.choice(_SOURCES),
        chance.choice(_IDS),
        chance.choice(_RESTS),
    )


def _pack(chance: Random, recorded_at_ms: int, size: int) -> Sent:
    """A pack, perhaps of UUIDs only, perhaps with foreign rests or with every series twice in its table."""
    events = [_event(chance, recorded_at_ms) for _ in range(size)]
    if chance.randrange(3) == 0:
        events = [event._replace(id=chance.choice(_UUIDS)) for event in events]
    if chance.randrange(10) == 0:
        events = [event._replace(rest=chance.choice(_FOREIGN_RESTS)) for event in events]
    value = encode_pack(events)
    if chance.randrange(3) == 0:
        value = with_twin_series(value)
    headers = {"content-type": b"application/vnd.weir.pack"} if chance.randrange(2) else {}
    return Sent(value, headers, recorded_at_ms, events)


def with_twin_series(value: bytes) -> bytes:
    """Return the same events with a series table in which, where it fits, each series stands twice."""
    wire = msgspec.msgpack.decode(value)
    count, series = wire[1], wire[2]
    if 2 * len(series) > count:
        return value
    index = [int.from_bytes(wire[3][at : at + 2], "little") for at in range(0, 2 * count, 2)]
    # An unused entry is no harm; a used one has a twin for every second event.
    twins = [place + len(series) * (at % 2) for at, place in enumerate(index)]
    wire[2], wire[3] = series * 2, b"".join(place.to_bytes(2, "little") for place in twins)
    return msgspec.msgpack.encode(wire)


def _cloudevents(chance: Random, recorded_at_ms: int, size: int) -> Sent:
    """CloudEvents that a service of the operator wrote by itself."""
    tenant, _ = chance.choice(TRUSTED)
    events = [_event(chance, recorded_at_ms, tenant) for _ in range(size)]
    texts = [json.dumps(cloudevent(event)).encode() for event in events]
    meant = [event if _door_takes(event, recorded_at_ms) else Invalid() for event in events]
    alone = len(events) == 1
    content_type = CLOUDEVENT if alone else CLOUDEVENTS
    headers = {"content-type": content_type.encode(), "tenant": tenant.encode()}
    return Sent(texts[0] if alone else b"[" + b",".join(texts) + b"]", headers, recorded_at_ms, meant)


def _door_takes(event: UsageEvent, recorded_at_ms: int) -> bool:
    texts = (event.series.customer, event.series.type, event.source, event.id)
    good_time = event.given_ms == NOT_GIVEN or not time_fault(event.given_ms, recorded_at_ms)
    return good_time and not any(text_fault("/x", text) for text in texts)


#: How record time goes on from the newest one before: it may step back a little.
_steps_ms = st.sampled_from([0, 1, 1000, HOUR_MS // 2, HOUR_MS, 2 * HOUR_MS, 5 * HOUR_MS, -1, -HOUR_MS // 2])

#: (step of record time, number of events, seed) of each record.
plans = st.lists(st.tuples(_steps_ms, st.integers(1, 8), st.integers(0, 2**32 - 1)), min_size=1, max_size=20)


def records_of(plan: Sequence[tuple[int, int, int]], newest_ms: int = START_MS) -> list[Sent]:
    """Return the records of *plan*, which go on behind record time *newest_ms*."""
    sent = []
    for step_ms, size, seed in plan:
        sent.append(any_record(Random(seed), newest_ms + step_ms, size))
        newest_ms = max(newest_ms, newest_ms + step_ms)
    return sent
