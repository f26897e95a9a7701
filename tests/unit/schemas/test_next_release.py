"""What the next release may write while this one still runs: fields at the end, and members nobody knows.

The other direction, records of this release word for word, is pinned beside each record's other tests.
"""

from collections.abc import Callable
from functools import partial

import pytest

from schemas import quota, rollup
from schemas.alert import decode_alert
from schemas.catalog import decode_fact
from schemas.errors import Misconfigured, Reject
from schemas.pack import decode_pack
from schemas.verdict import Fate, RecordVerdicts, Verdict, decode_verdicts, encode_verdicts

ALERT = (
    b'{"alert":"quota","tenant":"acme","customer":"c-1","meter":"api","plan":"free","percent":80,'
    b'"level":"warning","mode":"hard","limit_micro":10000000,"used":"8.5","period_start_ms":0,'
    b'"period_end_ms":2678400000,"raised_at_ms":1795255200000}'
)
USED = b'["used","acme","c-1","api",0,2678400000]'


def decode_rollup(key: bytes) -> Callable[[bytes], object]:
    return lambda value: rollup.decode(key, value)[1]


@pytest.mark.parametrize(
    ("decode", "value"),
    [
        (decode_rollup(b'["usage","acme","c-1","api","",3600000,0]'), b"[[2,9,1,3,5,1,9,3],7]"),
        (partial(rollup.stamp_of, b'["usage","acme","c-1","api","",3600000,0]'), b"[[2,9,1,3,5,1,9,3],7]"),
        (decode_rollup(b'["fates","acme","api",3600000,20778,3]'), b"[10,1,2,3,4,5,6,7]"),
        (decode_rollup(b'["progress",3]'), b"[9,8,1]"),
        (decode_rollup(b'["lost",3,1000]'), b"[2000,5,9]"),
        (lambda value: quota.decode(USED, value)[1], b"[9,[2,9,1,3,5,1,9,3],[]]"),
        (quota.decode_events, b"[9,1042]"),
        (quota.decode_progress, b"[9,8,1]"),
        (decode_verdicts, encode_verdicts(RecordVerdicts(5, [Verdict(0, Fate.LATE)]))),
        (
            decode_alert,
            ALERT,
        ),
        (decode_fact, b'{"fact":"meters","version":1,"effective_from_ms":0,"meters":[],"grace_ms":5}'),
        (decode_fact, b'{"fact":"customer","tenant":"acme","customer":"c-1","plan":"pro","anchor_ms":7}'),
    ],
)
def test_more_at_the_end_says_the_same_to_this_release(
    decode: Callable[[bytes], object], value: bytes
) -> None:
    more = b',"later":1}' if value.endswith(b"}") else b',"later"]'
    assert decode(value[:-1] + more) == decode(value)


def test_a_fact_of_a_kind_that_nobody_knows_is_not_passed_over() -> None:
    with pytest.raises(Reject, match="not a catalogue fact"):
        decode_fact(b'{"fact":"later","tenant":"acme"}')


def test_a_pack_of_the_next_version_stops_whoever_cannot_read_it() -> None:
    with pytest.raises(Misconfigured, match="release"):
        decode_pack(b"\x9c\x02" + b"\x00" * 11)
