"""The records of the other topics: pinned on the wire, read back as written, rejected where they are none."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import quota, rollup
from schemas.alert import (
    DunningGap,
    JobDeadlineMissed,
    WebhooksSilent,
    alert_key,
    decode_alert,
    encode_alert,
    level_of,
    quota_threshold,
)
from schemas.dead_letter import (
    KEPT_BYTES,
    DeadLetter,
    decode_dead_letter,
    encode_dead_letter,
)
from schemas.door_tally import TallyKey, decode_tally, encode_tally
from schemas.errors import Reject
from schemas.identity import CONTENT_BYTES, ID_BYTES
from schemas.partial import Partial
from schemas.plan import Mode
from schemas.seen import ENTRY_BYTES, decode_seen, encode_seen, offset_key, parse_offset_key
from schemas.stamp import leading_stamp
from schemas.verdict import Fate, RecordVerdicts, Refusal, Verdict, decode_verdicts, encode_verdicts
from tests.unit.schemas.generated import names

#: Beyond every length of machine integers.
numbers = st.integers(-(10**60), 10**60)
int64s = st.integers(0, 2**63 - 1)

USAGE_KEY = rollup.UsageKey("acme", "c-1", "api", "", 3_600_000, 0)
USAGE_ROW = rollup.UsageRow(Partial(2, 10**30, 1, 3, 5, 1, 9, 3), 7)


@pytest.mark.parametrize(
    ("key", "row", "key_wire", "row_wire"),
    [
        (
            USAGE_KEY,
            USAGE_ROW,
            '["usage","acme","c-1","api","",3600000,0]',
            "[[2,1000000000000000000000000000000,1,3,5,1,9,3],7]",
        ),
        (
            rollup.FatesKey("acme", "api", 3_600_000, 20_778, 3),
            rollup.FatesRow(10, 1, 2, 3, 4, 5, 6, 7),
            '["fates","acme","api",3600000,20778,3]',
            "[10,1,2,3,4,5,6,7]",
        ),
        (
            rollup.SketchKey("acme", "c-1", "api", "", 3_600_000, 0, 2),
            rollup.SketchRow(b"\x00\xff", 7),
            '["sketch","acme","c-1","api","",3600000,0,2]',
            '["AP8=",7]',
        ),
        (rollup.ProgressKey(3), rollup.Progress(9, 8, 1), '["progress",3]', "[9,8,1]"),
        (rollup.LostKey(3, 1_000), rollup.LostRow(2_000, 5, 9), '["lost",3,1000]', "[2000,5,9]"),
    ],
)
def test_rollups_are_pinned_on_the_wire(
    key: rollup.Key, row: rollup.Row, key_wire: str, row_wire: str
) -> None:
    assert (rollup.encode(key).decode(), rollup.encode(row).decode()) == (key_wire, row_wire)
    assert rollup.decode(key_wire.encode(), row_wire.encode()) == (key, row)
    assert rollup.stamp_of(key_wire.encode(), row_wire.encode()) == row.stamp


@pytest.mark.parametrize("value", [b"", b"[", b"[1]", b"[[1],2.5]", b'[[1],"2"]', b"{}"])
@pytest.mark.parametrize("key", [rollup.encode(USAGE_KEY), b'["fates","acme","api",3600000,20778,3]'])
def test_a_rollup_without_a_stamp_is_rejected(key: bytes, value: bytes) -> None:
    with pytest.raises(Reject):
        rollup.stamp_of(key, value)


USED_KEY = quota.UsedKey("acme", "c-1", "api", 0, 2_678_400_000)
CROSSING = quota.Crossing(80, 10**7, "8.5", "free", Mode.HARD, 1_795_255_200_000, 9, told=True)
USED_ROW = quota.UsedRow(9, USAGE_ROW.partial, (CROSSING,))


@pytest.mark.parametrize(
    ("key", "row", "key_wire", "row_wire"),
    [
        (
            USED_KEY,
            USED_ROW,
            '["used","acme","c-1","api",0,2678400000]',
            (
                "[9,[2,1000000000000000000000000000000,1,3,5,1,9,3],"
                '[[80,10000000,"8.5","free","hard",1795255200000,9,true]]]'
            ),
        ),
        (
            quota.EventsKey("acme", 0, 2_678_400_000, 3),
            quota.EventsRow(9, 1_042),
            '["events","acme",0,2678400000,3]',
            "[9,1042]",
        ),
        (rollup.ProgressKey(3), rollup.Progress(9, 8, 1), '["progress",3]', "[9,8,1]"),
    ],
)
def test_quotas_are_pinned_on_the_wire(key: quota.Key, row: quota.Row, key_wire: str, row_wire: str) -> None:
    assert (quota.encode(key).decode(), quota.encode(row).decode()) == (key_wire, row_wire)
    assert quota.decode(key_wire.encode(), row_wire.encode()) == (key, row)
    assert leading_stamp(row_wire.encode()) == row.stamp


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"", b""),
        (b'["used"]', quota.encode(USED_ROW)),
        (quota.encode(USED_KEY), b""),
        (quota.encode(USED_KEY), b"[1]"),
        (quota.encode(USED_KEY), b"[1,[2,1.5,1,3,5,1,9,3]]"),
        (b'["events","acme",0,1,3]', b'[1,"2"]'),
        (b'["progress",3]', b"[1]"),
    ],
)
def test_what_is_no_quota_is_rejected(key: bytes, value: bytes) -> None:
    with pytest.raises(Reject):
        quota.decode(key, value)


@pytest.mark.parametrize("value", [b"", b"[", b"[,1]", b'["1",2]', b"{1,2}", b"[1.5,2]"])
def test_a_value_without_a_stamp_is_rejected(value: bytes) -> None:
    with pytest.raises(Reject):
        leading_stamp(value)


def test_an_alert_is_pinned_on_the_wire() -> None:
    alert = quota_threshold(USED_KEY, CROSSING)
    wire = (
        b'{"alert":"quota","tenant":"acme","customer":"c-1","meter":"api","plan":"free","percent":80,'
        b'"level":"warning","mode":"hard","limit_micro":10000000,"used":"8.5","period_start_ms":0,'
        b'"period_end_ms":2678400000,"raised_at_ms":1795255200000}'
    )
    assert encode_alert(alert) == wire
    assert decode_alert(wire) == alert
    assert alert_key(alert) == b'["quota","acme","c-1","api",0,2678400000,10000000,80]'
    with pytest.raises(Reject):
        decode_alert(wire[:-1])


def test_an_alert_of_silent_webhooks_is_pinned_on_the_wire() -> None:
    alert = WebhooksSilent(
        tenant="acme",
        day="2026-11-23",
        last_webhook_at_ms=None,
        missing=4,
        newest_at_ms=1_795_250_000_000,
        raised_at_ms=1_795_255_200_000,
    )
    wire = (
        b'{"alert":"webhooks_silent","tenant":"acme","day":"2026-11-23","last_webhook_at_ms":null,"missing":4,'
        b'"newest_at_ms":1795250000000,"raised_at_ms":1795255200000}'
    )
    assert encode_alert(alert) == wire
    assert decode_alert(wire) == alert
    assert alert_key(alert) == b'["webhooks_silent","acme","2026-11-23"]'


def test_an_alert_of_a_dunning_gap_is_pinned_on_the_wire() -> None:
    alert = DunningGap(
        tenant="acme",
        invoice="in_1",
        failed_at_ms=1_795_250_000_000,
        event_id="evt_1",
        customer="cus_1",
        subscription=None,
        livemode=True,
        attempt=2,
        currency="usd",
        amount_remaining=9_900,
        recorded_at_ms=1_795_250_000_700,
        within_seconds=900,
        raised_at_ms=1_795_250_901_000,
    )
    wire = (
        b'{"alert":"dunning_gap","tenant":"acme","invoice":"in_1","failed_at_ms":1795250000000,'
        b'"event_id":"evt_1","customer":"cus_1","subscription":null,"livemode":true,"attempt":2,'
        b'"currency":"usd","amount_remaining":9900,"recorded_at_ms":1795250000700,"within_seconds":900,'
        b'"raised_at_ms":1795250901000}'
    )
    assert encode_alert(alert) == wire
    assert decode_alert(wire) == alert
    assert alert_key(alert) == b'["dunning_gap","acme","in_1",1795250000000]'


def test_an_alert_of_a_missed_deadline_is_pinned_on_the_wire() -> None:
    alert = JobDeadlineMissed(
        job="stripe.due",
        owed_since_ms=1_795_250_000_000,
        deadline_ms=1_795_250_300_000,
        began_at_ms=1_795_250_301_000,
    )
    wire = (
        b'{"alert":"job_deadline_missed","tenant":"","job":"stripe.due","owed_since_ms":1795250000000,'
        b'"deadline_ms":1795250300000,"began_at_ms":1795250301000}'
    )
    assert encode_alert(alert) == wire
    assert decode_alert(wire) == alert
    assert alert_key(alert) == b'["job_deadline_missed","stripe.due",1795250000000]'


@pytest.mark.parametrize(
    ("percent", "level"),
    [(1, "warning"), (89, "warning"), (90, "critical"), (99, "critical"), (100, "exceeded")],
)
def test_how_grave_a_threshold_is(percent: int, level: str) -> None:
    assert level_of(percent) == level


@given(
    st.builds(rollup.UsageKey, names, names, names, names, int64s, int64s),
    st.builds(rollup.UsageRow, st.builds(Partial, *[numbers] * 8), int64s),
)
def test_usage_comes_back_to_the_last_digit(key: rollup.UsageKey, row: rollup.UsageRow) -> None:
    assert rollup.decode(rollup.encode(key), rollup.encode(row)) == (key, row)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"", b""),
        (b'["usage"]', rollup.encode(USAGE_ROW)),
        (b'["other",1]', b"[1]"),
        (rollup.encode(USAGE_KEY), b""),
        (rollup.encode(USAGE_KEY), b"[1,2]"),
        (rollup.encode(USAGE_KEY), rollup.encode(USAGE_ROW)[:-1]),
        (rollup.encode(USAGE_KEY), rollup.encode(rollup.Progress(1, 2, 3))),
        (rollup.encode(USAGE_KEY), b"[[2,1.5,1,3,5,1,9,3],7]"),  # no floats near quantity
        (rollup.encode(rollup.ProgressKey(3)), b'["9",8,1]'),
        (b"\xff", b"[1]"),
        (rollup.encode(USAGE_KEY), b"[" * 100_000),
    ],
)
def test_what_is_no_rollup_is_rejected(key: bytes, value: bytes) -> None:
    with pytest.raises(Reject):
        rollup.decode(key, value)


VERDICTS = RecordVerdicts(
    1_795_255_200_000,
    [
        Verdict(0, Fate.REFUSED, Refusal.WRONG_PARTITION),
        Verdict(3, Fate.DUPLICATE, "", 1_042),
        Verdict(9, Fate.LATE),
    ],
)


def test_verdicts_are_pinned_on_the_wire() -> None:
    wire = (
        b'[1795255200000,[[0,"refused","wrong_partition",null],[3,"duplicate","",1042],[9,"late","",null]]]'
    )
    assert encode_verdicts(VERDICTS) == wire
    assert decode_verdicts(wire) == VERDICTS


def test_the_fates_are_decided_in_this_order() -> None:
    assert list(Fate) == ["refused", "unmatched", "duplicate", "conflict", "late", "counted"]


@given(st.lists(st.tuples(st.binary(min_size=16, max_size=16), st.integers(0, 2**32 - 1)), max_size=20))
def test_what_was_seen_is_read_back(entries: list[tuple[bytes, int]]) -> None:
    value = encode_seen(entries)
    assert len(value) == ENTRY_BYTES * len(entries)
    assert list(decode_seen(value)) == entries


def test_a_seen_entry_is_pinned_on_the_wire() -> None:
    assert (ID_BYTES, CONTENT_BYTES) == (16, 4)
    assert encode_seen([(bytes(range(16)), 0x01020304)]) == bytes(range(16)) + b"\x04\x03\x02\x01"


def test_a_cut_seen_record_is_rejected_before_it_is_read() -> None:
    with pytest.raises(Reject):
        decode_seen(b"\0" * (2 * ENTRY_BYTES - 1))


@given(int64s, int64s)
def test_offset_keys_sort_as_offsets(one: int, other: int) -> None:
    assert parse_offset_key(offset_key(one)) == one
    assert (offset_key(one) < offset_key(other)) == (one < other)


LETTER = DeadLetter(
    topic="weir.usage",
    partition=3,
    offset=1_042,
    stage="processor",
    reason="unreadable",
    detail="no pack",
    value=b"\xff\0",
)


def test_a_dead_letter_keeps_the_bytes_and_where_they_stood() -> None:
    key, value = encode_dead_letter(LETTER)
    assert key == b"weir.usage/3/1042"
    assert decode_dead_letter(value) == LETTER


@pytest.mark.parametrize("size", [KEPT_BYTES - 1, KEPT_BYTES, KEPT_BYTES + 1, 4 * KEPT_BYTES])
def test_a_dead_letter_always_fits_and_says_what_was_cut(size: int) -> None:
    letter = DeadLetter(
        topic="t",
        partition=0,
        offset=0,
        stage="s",
        reason="r",
        detail="d" * size,
        key=b"k" * size,
        value=b"v" * size,
    )
    _, value = encode_dead_letter(letter)
    assert len(value) < 600_000
    kept = decode_dead_letter(value)
    assert len(kept.value) == min(size, KEPT_BYTES)
    assert ("cut" in kept.detail) == (size > KEPT_BYTES)


def test_a_tally_is_pinned_on_the_wire() -> None:
    key = TallyKey("run-1", "acme", "quantity_negative", 3_600_000)
    assert encode_tally(key, 5) == (b'["run-1","acme","quantity_negative",3600000]', b"5")
    assert decode_tally(*encode_tally(key, 5)) == (key, 5)


@pytest.mark.parametrize(
    "decode",
    [
        decode_verdicts,
        decode_dead_letter,
        lambda value: decode_tally(value, b"1"),
        lambda value: decode_tally(b"[]", value),
    ],
)
@pytest.mark.parametrize(
    "value", [b"", b"{}", b"[]", b"null", b"\xff", b'["\xff"]', b"[" * 100_000, b"\x91" * 100_000]
)
def test_foreign_bytes_are_rejected(decode: Callable[[bytes], Any], value: bytes) -> None:
    with pytest.raises(Reject):
        decode(value)


@pytest.mark.parametrize("key", [b"", b"\0" * 7, b"\0" * 9, b"progress!"])
def test_what_is_no_offset_is_rejected(key: bytes) -> None:
    with pytest.raises(Reject):
        parse_offset_key(key)
