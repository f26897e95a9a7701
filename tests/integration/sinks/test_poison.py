"""A bad record is set aside alone: its neighbours are stored, and the log moves on (fault 14)."""

from collections.abc import Callable
from random import Random

import pytest

from runtime.postgres import Connection
from schemas import rollup
from schemas.door_tally import TallyKey, encode_tally
from schemas.topics import DOOR, topic_name
from tests.integration.sinks.processor import HOUR_MS, Processor
from tests.running import Running
from tests.stack import Namespace
from tests.waiting import until

pytestmark = pytest.mark.integration
Start = Callable[..., Running]

KEY = rollup.encode(rollup.UsageKey("t1", "poison", "api", "", HOUR_MS, 0))
FATES = rollup.encode(rollup.FatesKey("t1", "poison", HOUR_MS, 1, 1))
VALUE = b"[[1,2,3,4,5,6,7,8],0]"
#: More than an index takes, and nothing that compression could make smaller.
LONG = Random(1).randbytes(6_000).hex().encode()
POISON = [
    (KEY.replace(b"poison", b"poison" + LONG), VALUE),
    (KEY.replace(b"poison", b"\\u0000"), VALUE),
    (KEY.replace(b"poison", b"\\ud800"), VALUE),
    (KEY.replace(b"poison", b"\xff\xfe"), VALUE),
    (KEY.replace(str(HOUR_MS).encode(), b"999999999999999999999"), VALUE),
    (KEY, VALUE.replace(b"2", b"NaN")),
    (KEY, VALUE.replace(b"2", b"0.0000001")),
    (KEY, VALUE.replace(b"1", b"9" * 40)),
    (KEY, VALUE[:-4]),
    (FATES, b"[1,2,3,4,5,6,99999999999999999999,0]"),
    (b"junk", b"junk"),
]


def letters(database: Connection, topic: str) -> list[tuple[int, bytes, bytes]]:
    return [
        (partition, key, original)
        for partition, key, original in database.execute(
            'select partition, key, original from dead_letters where topic = %s order by partition, "offset"',
            (topic,),
        )
    ]


def test_exactly_the_bad_records_become_dead_letters_and_all_neighbours_are_stored(
    processor: Processor, database: Connection, start: Start
) -> None:
    for key, value in POISON:
        processor.work()
        processor.raw(1, key, value)
    processor.work()

    start("sinks", "rollups", "dead-letters")

    until(lambda: processor.is_stored(database))
    until(lambda: len(letters(database, processor.topic)) >= len(POISON))
    assert letters(database, processor.topic) == [(1, key, value) for key, value in POISON]
    assert database.execute("select count(*) from rollups where customer like '%poison%'").fetchone() == (0,)


def test_what_only_postgresql_refuses_is_found_among_its_neighbours(
    database: Connection, start: Start, namespace: Namespace, processor: Processor
) -> None:
    topic = topic_name(namespace.prefix, DOOR)
    tallies = [TallyKey("run-1", "t\0" if n == 41 else f"t{n}", "code", HOUR_MS) for n in range(100)]
    for tally in tallies:
        key, value = encode_tally(tally, 7)
        processor.producer.produce(topic, value, key)
    assert processor.producer.flush(30) == 0

    start("sinks", "door", "dead-letters")

    until(lambda: letters(database, topic))
    bad_key, bad_value = encode_tally(tallies[41], 7)
    assert letters(database, topic) == [(0, bad_key, bad_value)]
    assert database.execute("select count(*), sum(events) from door_tallies").fetchone() == (99, 99 * 7)


def test_a_dead_letter_that_is_none_is_kept_all_the_same(
    database: Connection, start: Start, namespace: Namespace, processor: Processor
) -> None:
    topic = f"{namespace.prefix}dead-letters"
    processor.producer.produce(topic, b"junk", b"junk", partition=2)
    assert processor.producer.flush(30) == 0

    start("sinks", "dead-letters")

    until(lambda: letters(database, topic))
    assert letters(database, topic) == [(2, b"junk", b"junk")]
