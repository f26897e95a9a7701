import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from schemas import rollup
from schemas.partial import Partial
from schemas.rollup import (
    FatesKey,
    FatesRow,
    LostKey,
    LostRow,
    Progress,
    ProgressKey,
    SketchKey,
    SketchRow,
    UsageKey,
)
from schemas.stamp import stamp_of
from sinks.core.record import Record
from sinks.rollups.core import lines
from sinks.rollups.core.reading import Reader
from sinks.rollups.core.row import Row, Table
from tests.unit.sinks.rollups.rows import HOUR_MS, KEY, progress_record, record, usage_record

INT64 = 2**63 - 1
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
COUNTS = st.integers(0, INT64)
INSTANTS = st.integers(-INT64, INT64)
VALUES = st.integers(-(10**40), 10**40)
PARTIALS = st.builds(Partial, COUNTS, VALUES, VALUES, VALUES, INSTANTS, VALUES, INSTANTS, VALUES)
USAGE_KEYS = st.builds(UsageKey, TEXTS, TEXTS, TEXTS, TEXTS, INSTANTS, st.integers(0, 40_000))


def uncopied(line: object) -> list[str]:
    """Read a line as COPY does."""
    assert isinstance(line, bytes)
    assert line.endswith(b"\n")
    fields = line[:-1].decode().split("\t")
    escapes = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
    return ["".join(escapes.get(piece, piece) for piece in _pieces(field)) for field in fields]


def the_row(partition: int, source: Record) -> Row:
    """Read one record, alone and among others: it has to come out the same."""
    (row,), rejected = Reader().read(partition, [source])
    assert rejected == []
    poison = record(GOOD_KEY, b"[[1,2")
    (again,), rejected = Reader().read(partition, [poison, source])
    assert [each.record for each in rejected] == [poison]
    assert again == row
    return row


def _pieces(field: str) -> list[str]:
    pieces, place = [], 0
    while place < len(field):
        length = 2 if field[place] == "\\" else 1
        pieces.append(field[place : place + length])
        place += length
    return pieces


@given(USAGE_KEYS, PARTIALS, COUNTS)
def test_a_row_of_usage_comes_out_of_copy_as_it_went_into_the_log(
    key: UsageKey, partial: Partial, stamp: int
) -> None:
    row = the_row(3, usage_record(key, partial, stamp))

    texts = [key.tenant, key.customer, key.meter, key.group]
    numbers = [key.window_start_ms, key.arrival_day, 3, *rollup_numbers(partial), stamp]
    assert uncopied(row.content) == [*texts, *map(str, numbers)]
    assert (row.table, row.stamp, row.partition) == (Table.USAGE, stamp, 3)


def rollup_numbers(partial: Partial) -> list[int]:
    return [getattr(partial, name) for name in Partial.__struct_fields__]


@given(USAGE_KEYS, st.integers(0, 2**15 - 1), st.binary(max_size=40), COUNTS)
def test_a_page_of_a_sketch_comes_out_of_copy_as_it_went_into_the_log(
    key: UsageKey, page: int, content: bytes, stamp: int
) -> None:
    sketch_key = SketchKey(
        key.tenant, key.customer, key.meter, key.group, key.window_start_ms, key.arrival_day, page
    )
    (row,), rejected = Reader().read(
        3, [record(rollup.encode(sketch_key), rollup.encode(SketchRow(content, stamp)))]
    )
    assert rejected == []
    *names, number, written, stamped = uncopied(row.content)
    start_and_day = [str(key.window_start_ms), str(key.arrival_day), "3"]
    assert names == [key.tenant, key.customer, key.meter, key.group, *start_and_day]
    assert (number, written, stamped) == (str(page), rf"\x{content.hex()}", str(stamp))
    assert (row.table, row.stamp, row.partition) == (Table.SKETCHES, stamp, 3)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b'["sketch","t","c","m","",0,0,-1]', b'["AAAA",1]'),
        (b'["sketch","t","c","m","",0,0,32768]', b'["AAAA",1]'),
        (b'["sketch","t","c","m","",0,2147483648,0]', b'["AAAA",1]'),
        (b'["sketch","t","c","m","",0,0,0]', b'["AAAA",-1]'),
        (b'["sketch","t","c","m","",0,0,0]', b'["no base64!",1]'),
        (b'["sketch","t","c","m","",0,0,0]', b"[[1,2,3,4,5,6,7,8],1]"),
        (b'["sketch","t","c","m","",0,0]', b'["AAAA",1]'),
    ],
)
def test_what_is_no_page_is_rejected(key: bytes, value: bytes) -> None:
    rows, [(_, reason)] = Reader().read(3, [record(key, value)])
    assert rows == []
    assert reason


def test_a_key_that_comes_back_gives_the_same_line_as_the_first_time() -> None:
    reader = Reader()

    (first, again), _ = reader.read(1, [usage_record(stamp=4), usage_record(stamp=4)])
    (later,), _ = reader.read(1, [usage_record(stamp=4)])

    assert first == again == later


def test_a_key_is_remembered_for_its_own_partition() -> None:
    reader = Reader()
    fates = record(rollup.encode(FatesKey("t", "x", HOUR_MS, 1, 2)), rollup.encode(FatesRow(*[1] * 8)))
    reader.read(2, [fates, usage_record()])

    (row,), rejected = reader.read(3, [fates, usage_record()])

    assert [each.record for each in rejected] == [fates]
    assert row.content == the_row(3, usage_record()).content


@given(TEXTS, TEXTS, st.lists(st.integers(0, INT64), min_size=8, max_size=8))
def test_a_row_of_fates_comes_out_of_copy_as_it_went_into_the_log(
    tenant: str, event_type: str, counts: list[int]
) -> None:
    key, value = FatesKey(tenant, event_type, HOUR_MS, 20_000, 2), FatesRow(*counts)

    row = the_row(2, record(rollup.encode(key), rollup.encode(value)))

    assert uncopied(row.content) == [tenant, event_type, *map(str, [HOUR_MS, 20_000, 2, *counts])]
    assert (row.table, row.stamp) == (Table.FATES, counts[-1])


def test_progress_is_a_generation_and_an_offset() -> None:
    value = Progress(stamp_of(2, 77), HOUR_MS, 5)

    row = the_row(1, record(rollup.encode(ProgressKey(1)), rollup.encode(value)))

    assert (row.table, row.content) == (Table.PROGRESS, (1, 2, 77, HOUR_MS, 5))


def test_a_lost_range_keeps_its_ends() -> None:
    value = LostRow(19, HOUR_MS, stamp_of(1, 9))

    row = the_row(1, record(rollup.encode(LostKey(1, 10)), rollup.encode(value)))

    assert (row.table, row.content) == (Table.LOST, (1, 1, 10, 19, HOUR_MS))


def test_blanks_and_numbers_of_a_later_release_do_no_harm() -> None:
    key = b'["usage", "t1", "c,1", "api", "", 3600000, 0, "later"]'

    row = the_row(0, record(key, b"[[1, 2, 3, 4, 5, 6, 7, 8, 99], \t9, 10]"))

    assert row.content == b"t1\tc,1\tapi\t\t3600000\t0\t0\t1\t2\t3\t4\t5\t6\t7\t8\t9\n"


GOOD_KEY = rollup.encode(KEY)
GOOD_VALUE = b"[[1,2,3,4,5,6,7,8],9]"
PROGRESS = rollup.encode(ProgressKey(0))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"", b""),
        (GOOD_KEY, b""),  # a tombstone
        (GOOD_KEY, b"[[1,2,3"),
        (GOOD_KEY, b"[[1,2,3,4,5,6,7],9]"),
        (GOOD_KEY, b"[[1,NaN,3,4,5,6,7,8],9]"),
        (GOOD_KEY, b"[[1,2.5,3,4,5,6,7,8],9]"),
        (GOOD_KEY, b'[["1",2,3,4,5,6,7,8],9]'),
        (GOOD_KEY, b"[[-1,2,3,4,5,6,7,8],9]"),
        (GOOD_KEY, b"[[%d,2,3,4,5,6,7,8],9]" % (INT64 + 1)),
        (GOOD_KEY, b"[[1,2,3,4,%d,6,7,8],9]" % -(2**80)),
        (GOOD_KEY, b"[[1,2,3,4,5,6,7,8],%d]" % 10**30),
        (GOOD_KEY, b"[[1,%b,3,4,5,6,7,8],9]" % (b"9" * 5_000)),
        (b'["usage","t\\u0000","c","m","",1,0]', GOOD_VALUE),
        (b'["usage","t\\ud800","c","m","",1,0]', GOOD_VALUE),
        (b'["usage","t\xff","c","m","",1,0]', GOOD_VALUE),
        (b'["usage","t","c","m","",%d,0]' % 2**70, GOOD_VALUE),
        (b'["usage","t","c","m","",1,%d]' % 2**40, GOOD_VALUE),
        (b'["usage","t","c","m","",1]', GOOD_VALUE),
        (b'["usual","t","c","m","",1,0]', GOOD_VALUE),
        (b'["fates","t\\u0000","api",1,2,0]', b"[1,2,3,4,5,6,7,8]"),
        (b'["fates","t","api",1,2,0]', b"[1,2,3,4,5,6,7]"),
        (b'["fates","t","api",1,2,0]', b"[1,2,3,-4,5,6,7,8]"),
        (b'["fates","t","api",1,2,7]', b"[1,2,3,4,5,6,7,8]"),  # of another partition
        (PROGRESS, b"[%d,1,1]" % 2**64),
        (PROGRESS, b"[-1,1,1]"),
        (b'["progress",7]', b"[1,1,1]"),
        (b'["lost",0,10]', b"[9,1,1]"),
    ],
)
def test_what_no_store_would_take_is_rejected(key: bytes, value: bytes) -> None:
    bad = record(key, value, 1)
    around = [usage_record(offset=0), bad, progress_record(0, 3, offset=2)]

    rows, rejected = Reader().read(0, around)

    assert [row.record for row in rows] == [around[0], around[2]]
    assert [each.record for each in rejected] == [bad]
    assert Reader().read(0, [bad])[0] == []


@pytest.mark.parametrize(
    "values",
    [
        # Together they are as many values as records, but not each record is one.
        [b"[[1,2,3,4,5,6,7,8],9]\n[[1,2,3,4,5,6,7,8],9]", b""],
        [b"[[1,2,3,4,5,6,7,8],9] [[1,2,3,4,5,6,7,8],9]", b"[[1,2,3,4", b",5,6,7,8],9]"],
        [b"[[1,2,3,4,5,6,7,8]", b"[[1,2,3,4,5,6,7,8],9],9]]"],
        [b"[[1,2,3,4,5,6,7,8],9]]", b"[[1,2,3,4,5,6,7,8]"],
        [b"[[1,2,3,4,5,6,7,8],9,", b"[[1,2,3,4,5,6,7,8],9]]", b"[[1,2,3,4,5,6,7,8],9]"],
        [b"", b"[[1,2,3,4,5,6,7,8],9]"],
    ],
)
def test_values_that_only_make_sense_together_make_none(values: list[bytes]) -> None:
    records = [record(GOOD_KEY, value, offset) for offset, value in enumerate(values)]

    rows, rejected = Reader().read(0, records)

    good = [each for each in records if each.value == GOOD_VALUE]
    assert [row.record for row in rows] == good
    assert [each.record for each in rejected] == [each for each in records if each not in good]


def test_what_is_read_together_is_what_is_read_one_by_one() -> None:
    records = [usage_record(KEY, stamp=n, offset=n) for n in range(5)]
    records.append(record(GOOD_KEY, b" [[1,2,3,4,5,6,7,8],9]", 5))

    rows, _ = Reader().read(0, records)

    assert rows == [Reader().read(0, [each])[0][0] for each in records]


def test_of_many_keys_only_the_latest_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_MOST_KEYS", 3)
    reader = Reader()
    records = [usage_record(structs.replace(KEY, customer=f"c{n}"), offset=n) for n in range(10)]

    rows, _ = reader.read(0, records)

    assert [uncopied(row.content)[1] for row in rows] == [f"c{n}" for n in range(10)]
