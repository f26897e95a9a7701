"""A pack gives back what was put in, and foreign bytes never do more harm than to be refused."""

import struct
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.instant import LAST_MS
from schemas.pack import MAX_EVENTS, PackError, UnknownPackVersion, decode_pack, encode_pack
from tests.unit.schemas.generated import packfuls

FIRST = UsageEvent(
    Series("acme", "c-1", "api"),
    1_763_712_000_000,
    3_000_000,
    "api",
    "00112233-4455-6677-8899-aabbccddeeff",
    b"",
)
SECOND = UsageEvent(
    Series("acme", "c-2", "storage"), NOT_GIVEN, 2**63, "b", "e-2", b'{"data":{"bucket":"x"}}'
)
#: Places of the columns on the wire.
VERSION, COUNT, SERIES, SERIES_INDEX, TIMES, QUANTITIES = range(6)
EXCEPTIONS, SOURCES, SOURCE_INDEX, IDS, RESTS, REST_ENDS = range(6, 12)

ONE_ON_THE_WIRE = (
    "9c01019193a461636d65a3632d31a3617069c4020000c40800606da59a010000c408c0c62d000000"
    "00009091a3617069c400c41000112233445566778899aabbccddeeffc400c400"
)
TWO_ON_THE_WIRE = (
    "9c01029293a461636d65a3632d31a361706993a461636d65a3632d32a773746f72616765c4040000"
    "0100c41000606da59a010000ffffffffffffffffc410c0c62d0000000000feffffffffffffff9192"
    "01b33932323333373230333638353437373538303892a3617069a162c4040000010092d924303031"
    "31323233332d343435352d363637372d383839392d616162626363646465656666a3652d32c4177b"
    "2264617461223a7b226275636b6574223a2278227d7dc4080000000017000000"
)


@pytest.mark.parametrize(("events", "wire"), [([FIRST], ONE_ON_THE_WIRE), ([FIRST, SECOND], TWO_ON_THE_WIRE)])
def test_version_1_is_pinned_in_both_directions(events: list[UsageEvent], wire: str) -> None:
    assert encode_pack(events).hex() == wire
    assert list(decode_pack(bytes.fromhex(wire)).events()) == events


@given(packfuls)
def test_a_pack_is_lossless(events: list[UsageEvent]) -> None:
    pack = decode_pack(encode_pack(events))
    assert list(pack.events()) == events
    assert pack.id_texts() == [event.id for event in events]
    assert pack.each_rest() == [event.rest for event in events]


def test_a_full_pack_is_lossless() -> None:
    events = [
        UsageEvent(Series(f"t-{i}", f"c-{i}", f"m-{i}"), i, i, f"s-{i}", f"e-{i}", b"{}" * (i % 2))
        for i in range(MAX_EVENTS)
    ]
    assert list(decode_pack(encode_pack(events)).events()) == events


@pytest.mark.parametrize("count", [0, MAX_EVENTS + 1])
def test_a_pack_holds_1_to_500_events(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 500"):
        encode_pack([FIRST] * count)


@pytest.mark.parametrize(
    "event_id",
    [
        FIRST.id.upper(),
        FIRST.id.replace("-", ""),
        FIRST.id.replace("-", " "),
        "{" + FIRST.id[1:-1] + "}",
        "-" * 36,
        "0" * 36,
        "00112233-4455-6677-8899-aabbccddee-f",
        "00112233-4455-6677-8899-aabbccdde e0",
        "0011223-34455-6677-8899-aabbccddeeff",
        "٠٠١١٢٢٣٣-4455-6677-8899-aabbccddeeff",
    ],
)
def test_what_only_resembles_a_uuid_stays_text(event_id: str) -> None:
    events = [FIRST, FIRST._replace(id=event_id)]
    assert decode_pack(encode_pack(events)).id_texts() == [FIRST.id, event_id]


def test_two_ids_that_only_together_are_as_long_as_uuids_stay_text() -> None:
    both = FIRST.id * 2
    events = [FIRST._replace(id=both[:35]), FIRST._replace(id=both[35:])]
    assert decode_pack(encode_pack(events)).id_texts() == [both[:35], both[35:]]


def test_uuids_cost_16_bytes() -> None:
    def size(count: int) -> int:
        return len(encode_pack([FIRST._replace(id=f"{i:08x}{FIRST.id[8:]}") for i in range(count)]))

    assert size(101) - size(100) == 2 + 8 + 8 + 16


def test_exactly_what_does_not_fit_is_an_exception() -> None:
    wire = msgspec.msgpack.decode(encode_pack([FIRST._replace(quantity_micro=q) for q in (2**63 - 1, 2**63)]))
    assert wire[EXCEPTIONS] == [[1, str(2**63)]]


def forged(column: int, value: object, events: list[UsageEvent] | None = None) -> bytes:
    """Return a pack of two events whose *column* was overwritten."""
    wire = msgspec.msgpack.decode(encode_pack(events or [FIRST, SECOND]))
    wire[column] = value
    return msgspec.msgpack.encode(wire)


def int64s(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}q", *values)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (VERSION, 0),
        (VERSION, -1),
        (VERSION, "1"),
        (VERSION, True),
        (COUNT, 0),
        (COUNT, -1),
        (COUNT, 1),
        (COUNT, 3),
        (COUNT, MAX_EVENTS + 1),
        (COUNT, 2**64 - 1),
        (SERIES, []),
        (SERIES, [["acme", "c-1", "api"]]),
        (SERIES, [["acme", "c-1"]] * 2),
        (SERIES, [["acme", "c-1", "api", "x"]] * 2),
        (SERIES, [["acme", "c-1", "api"]] * 3),
        (SERIES_INDEX, b""),
        (SERIES_INDEX, b"\0\0\1"),
        (SERIES_INDEX, b"\0\0\2\0"),
        (SERIES_INDEX, b"\xff\xff\xff\xff"),
        (TIMES, b""),
        (TIMES, int64s(1)),
        (TIMES, int64s(1, 2, 3)),
        (TIMES, int64s(1, -2)),
        (TIMES, int64s(1, 253_402_300_800_000)),  # the year 10000
        (TIMES, int64s(-(2**63), 1)),
        (QUANTITIES, int64s(1)),
        (QUANTITIES, int64s(1, 2)),  # nothing asks for the exception
        (QUANTITIES, int64s(-2, -2)),  # the first one has none
        (QUANTITIES, int64s(-3, -2)),
        (EXCEPTIONS, []),
        (EXCEPTIONS, [[1, str(2**63)]] * 2),
        (EXCEPTIONS, [[1, str(2**63)], [0, str(2**63)]]),
        (EXCEPTIONS, [[2, str(2**63)]]),
        (EXCEPTIONS, [[-1, str(2**63)]]),
        (EXCEPTIONS, [[2**64 - 1, str(2**63)]]),
        (EXCEPTIONS, [[1, str(2**63 - 1)]]),  # would have fitted
        (EXCEPTIONS, [[1, "-5"]]),
        (EXCEPTIONS, [[1, ""]]),
        (EXCEPTIONS, [[1, " " + str(2**63)]]),
        (EXCEPTIONS, [[1, "1_000_000_000_000_000_000_0"]]),
        (EXCEPTIONS, [[1, "٣" * 20]]),
        (EXCEPTIONS, [[1, "9" * 27]]),
        (EXCEPTIONS, [[1, "9" * 100_000]]),
        (EXCEPTIONS, [[1, 2**63]]),
        (SOURCES, []),
        (SOURCES, ["api"]),
        (SOURCES, ["a", "b", "c"]),
        (SOURCES, [b"a", b"b"]),
        (SOURCE_INDEX, b""),
        (SOURCE_INDEX, b"\0\0"),
        (SOURCE_INDEX, b"\0\0\2\0"),
        (IDS, []),
        (IDS, ["e-1"]),
        (IDS, ["e-1", "e-2", "e-3"]),
        (IDS, ["e-1", 2]),
        (IDS, b"\0" * 31),
        (IDS, b"\0" * 33),
        (IDS, None),
        (RESTS, b""),
        (RESTS, b"{}" * 100),
        (REST_ENDS, b""),
        (REST_ENDS, struct.pack("<I", 23)),
        (REST_ENDS, struct.pack("<II", 0, 22)),
        (REST_ENDS, struct.pack("<II", 24, 23)),
        (REST_ENDS, struct.pack("<II", 0, 2**32 - 1)),
    ],
)
def test_columns_that_do_not_agree_are_no_pack(column: int, value: object) -> None:
    with pytest.raises(PackError):
        decode_pack(forged(column, value))


def test_edges_that_hold_are_taken() -> None:
    assert decode_pack(forged(TIMES, int64s(NOT_GIVEN, LAST_MS))).given_ms == (NOT_GIVEN, LAST_MS)
    largest = decode_pack(forged(EXCEPTIONS, [[1, "9" * 26]])).quantity_micro
    assert list(largest) == [FIRST.quantity_micro, 10**26 - 1]


def test_the_forger_forges_nothing_when_the_column_stays() -> None:
    assert list(decode_pack(forged(VERSION, 1)).events()) == [FIRST, SECOND]


@pytest.mark.parametrize("rests", [b"\xff\xff", "ü".encode()])
def test_every_rest_is_utf_8_by_itself(rests: bytes) -> None:
    events = [FIRST._replace(rest=rests[:1]), FIRST._replace(rest=rests[1:])]
    with pytest.raises(PackError):
        decode_pack(encode_pack(events))


def test_text_that_is_not_utf_8_is_no_pack() -> None:
    with pytest.raises(PackError):
        decode_pack(encode_pack([SECOND]).replace(b"acme", b"ac\xff\xfe"))


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\0",
        b"\xc1",
        b"\x90",
        b"{}",
        b'[{"specversion": "1.0"}]',
        encode_pack([FIRST]) + b"\0",
        encode_pack([FIRST])[:-1],
        encode_pack([FIRST]) * 2,
        b"\xdd\xff\xff\xff\xff\x01",  # an array that claims four thousand million members
        b"\x9c\x01\x01\xdd\xff\xff\xff\xff",
        b"\x9c\x01\x01\x91\x93\xa1a\xa1a\xa1a\xc6\xff\xff\xff\xff",
        b"\x91" * 1_000_000,
        b"\x9c\x01\x01" + b"\x91" * 1_000_000,
        msgspec.msgpack.encode([*msgspec.msgpack.decode(encode_pack([FIRST])), b""]),  # a column too many
        msgspec.msgpack.encode(msgspec.msgpack.decode(encode_pack([FIRST]))[:-1]),
    ],
)
def test_other_bytes_are_no_pack(value: bytes) -> None:
    with pytest.raises(PackError):
        decode_pack(value)


@pytest.mark.parametrize(
    "value",
    [forged(VERSION, 2), msgspec.msgpack.encode([2]), msgspec.msgpack.encode([7, {"new": "shape"}])],
)
def test_a_reader_that_is_too_old_stops_and_says_what_to_do(value: bytes) -> None:
    with pytest.raises(UnknownPackVersion, match="upgrade this process"):
        decode_pack(value)


def read_or_refuse(value: bytes) -> None:
    """Read every event of *value*; any error but the two that are promised escapes."""
    try:
        pack = decode_pack(value)
    except (PackError, UnknownPackVersion):
        return
    events = list(pack.events())
    assert len(events) == len(pack.id_texts()) == pack.count
    assert all(event.given_ms >= NOT_GIVEN and event.quantity_micro >= NO_QUANTITY for event in events)
    # What was read can be written, and says the same.
    assert list(decode_pack(encode_pack(events)).events()) == events


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_refused(value: bytes) -> None:
    read_or_refuse(value)


Damage = Callable[[bytes, int, int], bytes]
DAMAGES: list[Damage] = [
    lambda value, at, byte: value[:at] + bytes([byte]) + value[at + 1 :],
    lambda value, at, byte: value[:at] + bytes([value[at] ^ 1 << byte % 8]) + value[at + 1 :],
    lambda value, at, byte: value[:at] + value[at + 1 + byte % 9 :],
    lambda value, at, byte: value[:at] + bytes([byte]) * (1 + byte % 9) + value[at:],
    lambda value, at, byte: value[:at] + value[at : at + byte] * 2 + value[at + byte :],
]
VALID = [
    encode_pack(events)
    for events in (
        [FIRST],
        [FIRST, SECOND],
        [SECOND._replace(id=FIRST.id, rest='{"ort":"Köln"}'.encode())] * 3,
        [FIRST._replace(given_ms=i, id=f"e-{i}", rest=b"{}" * (i % 3)) for i in range(20)],
    )
]


@pytest.mark.parametrize("seed", range(4))
def test_damaged_packs_are_read_or_refused(seed: int) -> None:
    random = Random(seed)
    for _ in range(5_000):
        value = random.choice(VALID)
        for _ in range(random.randint(1, 3)):
            value = (
                random.choice(DAMAGES)(value, random.randrange(len(value)), random.randrange(256)) or b"\0"
            )
        read_or_refuse(value)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary() | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=8,
)


@given(packfuls, st.lists(st.tuples(st.integers(0, 12), json_like), min_size=1, max_size=2))
def test_packs_with_forged_columns_are_read_or_refused(
    events: list[UsageEvent], forgeries: list[tuple[int, Any]]
) -> None:
    wire = msgspec.msgpack.decode(encode_pack(events))
    for column, value in forgeries:
        wire[column : column + 1] = [value]
    read_or_refuse(msgspec.msgpack.encode(wire))
