"""Hypothesis strategies for what may stand on one partition of weir.usage, and the catalogues."""

import json
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from hypothesis import strategies as st

from schemas.admission import AHEAD_MS, text_fault, time_fault
from schemas.catalog import Catalog, MetersPublished, RecordSkipped
from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.horizon import SLACK_MS
from schemas.instant import HOUR_MS, LAST_MS, format_instant
from schemas.meters import Aggregation, Meter
from schemas.pack import encode_pack
from schemas.partition import partition_of
from schemas.quantity import format_micro
from schemas.source_record import CLOUDEVENT, CLOUDEVENTS
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
)
API: Final = Meter(name="api", event_type="api", default_one=True)
STORAGE: Final = Meter(
    name="storage", event_type="storage", properties=("bytes", "hours"), per_unit=2**30 * 3600
)
SIZE: Final = Meter(name="size", event_type="storage", aggregation=Aggregation.MAX)
TRAFFIC: Final = Meter(name="traffic", event_type="traffic", per_unit=2**30)

_VERSIONS: Final = (
    MetersPublished(1, 0, (API, STORAGE, SIZE, TRAFFIC, *ALL)),
    # The second one measures less, otherwise, and with another grace; the third one more.
    MetersPublished(2, START_MS + HOUR_MS, (API, TRAFFIC, *ALL[2:4]), 2 * HOUR_MS),
    MetersPublished(3, START_MS + 3 * HOUR_MS, (API, STORAGE, *ALL, Meter(name="x", event_type="none"))),
)


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
        skips = [RecordSkipped(TOPIC, PARTITION, offset, "poison") for offset in skipped]
        return Catalog().with_facts([*_VERSIONS[:versions], *skips])

    return st.builds(
        catalog, st.integers(1, 3), st.sets(st.sampled_from(range(2**32 - 3, 2**32 + 9)), max_size=1)
    )


TRUSTED: Final = customers(belonging=True)[:3]
_who = st.sampled_from([*TRUSTED * 4, *customers(belonging=False)[:1], ("", "c-1"), ("acme", "c\n1")])
_types = st.sampled_from(["api", "api", "storage", "traffic", "many", "many", "none", "t" * 129])
_sources = st.sampled_from(["api"] * 8 + ["other", "", "\0"])
_uuids = ["00112233-4455-6677-8899-aabbccddeeff", "00000000-0000-0000-0000-000000000000"]
_ids = st.sampled_from([*(f"e-{number}" for number in range(12)), *_uuids, "e" * 129])
_clean_ids = st.sampled_from(_uuids) | st.uuids(version=4).map(str)
_quantities = st.sampled_from([0, 1, 500_000, 1_000_000, 3 * 10**6]) | st.sampled_from(
    [NO_QUANTITY, 2**63, 10**24]
)
_rests = st.sampled_from(
    [
        *[b""] * 4,
        b'{"data":{"bytes":1073741824,"hours":"1.5"}}',
        b'{"data":{"bytes":3}}',
        b'{"data":{"bytes":"-3","hours":1}}',
        b'{"data":{"path":"/x"},"shard":1}',
    ]
)
#: No door lets these pass, but a pack can hold them.
_foreign_rests = st.sampled_from([b"[[", b'{"data":7}', b'{"data":' + b"[" * 100_000])


def times(recorded_at_ms: int) -> st.SearchStrategy[int]:
    """Return event times: none, recent ones, and those on either side of every edge."""
    hour_ms = recorded_at_ms - recorded_at_ms % HOUR_MS
    oldest_ms = recorded_at_ms - HORIZON_MS - SLACK_MS
    latest_ms = recorded_at_ms + AHEAD_MS + SLACK_MS
    edges = [hour_ms - hours * HOUR_MS for hours in range(4)]
    return st.one_of(
        st.just(NOT_GIVEN),
        st.integers(recorded_at_ms - 5, recorded_at_ms),
        st.integers(0, 4 * HOUR_MS).map(lambda back: recorded_at_ms - back),
        st.sampled_from([edge + step for edge in edges for step in (-1, 0)]),
        st.sampled_from([oldest_ms - 1, oldest_ms, latest_ms, latest_ms + 1, 0, LAST_MS]),
    )


@st.composite
def _packs(draw: st.DrawFn, recorded_at_ms: int) -> Sent:
    """A pack, perhaps of UUIDs only, perhaps with every series twice in its table."""
    ids = draw(st.sampled_from([_ids, _clean_ids]))
    an_event = st.builds(
        UsageEvent,
        st.builds(lambda who, kind: Series(who[0], who[1], kind), _who, _types),
        times(recorded_at_ms),
        _quantities,
        _sources,
        ids,
        _rests | _foreign_rests if draw(st.integers(0, 9)) == 0 else _rests,
    )
    events = draw(st.lists(an_event, min_size=1, max_size=8))
    value = encode_pack(events)
    if draw(st.booleans()):
        value = with_twin_series(value)
    headers = {"content-type": b"application/vnd.weir.pack"} if draw(st.booleans()) else {}
    return Sent(value, headers, recorded_at_ms, events)


def with_twin_series(value: bytes) -> bytes:
    """Return the same events with a series table in which, where it fits, each series stands twice."""
    wire = msgspec.msgpack.decode(value)
    count, series = wire[1], wire[2]
    if 2 * len(series) > count:
        return value
    index = [int.from_bytes(wire[3][at : at + 2], "little") for at in range(0, 2 * count, 2)]
    twins = [place + len(series) * (at % 2) for at, place in enumerate(index)]
    wire[2], wire[3] = series * 2, b"".join(place.to_bytes(2, "little") for place in twins)
    return msgspec.msgpack.encode(wire)


@st.composite
def _cloudevents(draw: st.DrawFn, recorded_at_ms: int) -> Sent:
    """CloudEvents that a service of the operator wrote by itself."""
    tenant = draw(st.sampled_from(TRUSTED))[0]
    events = []
    for _ in range(draw(st.integers(1, 4))):
        rest = draw(_rests)
        event = UsageEvent(
            Series(tenant, draw(_who)[1], draw(_types)),
            draw(times(recorded_at_ms).filter(lambda at: at <= START_MS * 2)),
            draw(_quantities),
            draw(_sources),
            draw(_ids),
            rest,
        )
        events.append(event)
    texts = [_cloudevent(event) for event in events]
    meant = [event if _door_takes(event, recorded_at_ms) else Invalid() for event in events]
    if len(events) == 1:
        return Sent(
            texts[0], {"content-type": CLOUDEVENT.encode(), "tenant": tenant.encode()}, recorded_at_ms, meant
        )
    body = b"[" + b",".join(texts) + b"]"
    return Sent(
        body, {"content-type": CLOUDEVENTS.encode(), "tenant": tenant.encode()}, recorded_at_ms, meant
    )


def _cloudevent(event: UsageEvent) -> bytes:
    rest = json.loads(event.rest or b"{}")
    data = rest.pop("data", {})
    if event.quantity_micro != NO_QUANTITY:
        data["quantity"] = format_micro(event.quantity_micro)
    members = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.series.type,
        "subject": event.series.customer,
        "data": data,
        **rest,
    }
    if event.given_ms != NOT_GIVEN:
        members["time"] = format_instant(event.given_ms)
    return json.dumps(members).encode()


def _door_takes(event: UsageEvent, recorded_at_ms: int) -> bool:
    texts = (event.series.customer, event.series.type, event.source, event.id)
    good_time = event.given_ms == NOT_GIVEN or not time_fault(event.given_ms, recorded_at_ms)
    return good_time and not any(text_fault("/x", text) for text in texts)


def _unreadable(recorded_at_ms: int) -> st.SearchStrategy[Sent]:
    return st.sampled_from(
        [
            Sent(b"\0", {}, recorded_at_ms, Unreadable()),
            Sent(b"{}", {"content-type": CLOUDEVENT.encode()}, recorded_at_ms, Unreadable()),
            Sent(
                b"[]", {"content-type": CLOUDEVENTS.encode(), "tenant": b"acme"}, recorded_at_ms, Unreadable()
            ),
            Sent(b"x", {"content-type": b"text/plain"}, recorded_at_ms, Unreadable()),
        ]
    )


def records_at(recorded_at_ms: int) -> st.SearchStrategy[Sent]:
    """Return any record appended at this time."""
    return st.one_of(
        _packs(recorded_at_ms),
        _packs(recorded_at_ms),
        _packs(recorded_at_ms),
        _cloudevents(recorded_at_ms),
        _unreadable(recorded_at_ms),
    )


#: How record time goes on from the newest one before: it may step back a little.
steps_ms = st.sampled_from([0, 1, 1000, HOUR_MS // 2, HOUR_MS, 2 * HOUR_MS, 5 * HOUR_MS, -1, -HOUR_MS // 2])


@st.composite
def logs(draw: st.DrawFn, max_size: int = 12) -> list[Sent]:
    """Return the records of a log in order."""
    newest_ms = START_MS
    sent: list[Sent] = []
    for step_ms in draw(st.lists(steps_ms, min_size=1, max_size=max_size)):
        sent.append(draw(records_at(newest_ms + step_ms)))
        newest_ms = max(newest_ms, newest_ms + step_ms)
    return sent
