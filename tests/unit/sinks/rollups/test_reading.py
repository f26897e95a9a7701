import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import rollup
from schemas.errors import Reject
from schemas.partial import Partial
from schemas.rollup import FatesKey, FatesRow, LostKey, LostRow, Progress, ProgressKey, UsageKey, UsageRow
from schemas.stamp import stamp_of
from sinks.rollups.core.reading import Reader
from sinks.rollups.core.row import Table
from tests.unit.sinks.rollups.rows import HOUR_MS, KEY, record, usage_record

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
    row = Reader().read(3, usage_record(key, partial, stamp))

    texts = [key.tenant, key.customer, key.meter, key.group]
    numbers = [key.window_start_ms, key.arrival_day, *rollup_numbers(partial), stamp, 3]
    assert uncopied(row.content) == [*texts, *map(str, numbers)]
    assert (row.table, row.stamp, row.partition) == (Table.USAGE, stamp, 3)


def rollup_numbers(partial: Partial) -> list[int]:
    return [getattr(partial, name) for name in Partial.__struct_fields__]


def test_a_key_that_comes_back_gives_the_same_line_as_the_first_time() -> None:
    reader = Reader()

    assert reader.read(1, usage_record(stamp=4)) == reader.read(1, usage_record(stamp=4))


@given(TEXTS, TEXTS, st.lists(st.integers(0, INT64), min_size=8, max_size=8))
def test_a_row_of_fates_comes_out_of_copy_as_it_went_into_the_log(
    tenant: str, event_type: str, counts: list[int]
) -> None:
    key, value = FatesKey(tenant, event_type, HOUR_MS, 20_000, 2), FatesRow(*counts)

    row = Reader().read(2, record(rollup.encode(key), rollup.encode(value)))

    assert uncopied(row.content) == [tenant, event_type, *map(str, [HOUR_MS, 20_000, 2, *counts])]
    assert (row.table, row.stamp) == (Table.FATES, counts[-1])


def test_progress_is_a_generation_and_an_offset() -> None:
    value = Progress(stamp_of(2, 77), HOUR_MS, 5)

    row = Reader().read(1, record(rollup.encode(ProgressKey(1)), rollup.encode(value)))

    assert (row.table, row.content) == (Table.PROGRESS, (1, 2, 77, HOUR_MS, 5))


def test_a_lost_range_keeps_its_ends() -> None:
    value = LostRow(19, HOUR_MS, stamp_of(1, 9))

    row = Reader().read(1, record(rollup.encode(LostKey(1, 10)), rollup.encode(value)))

    assert (row.table, row.content) == (Table.LOST, (1, 1, 10, 19, HOUR_MS))


def test_blanks_and_numbers_of_a_later_release_do_no_harm() -> None:
    key = b'["usage", "t1", "c,1", "api", "", 3600000, 0, "later"]'

    row = Reader().read(0, record(key, b"[[1, 2, 3, 4, 5, 6, 7, 8, 99], \t9, 10]"))

    assert row.content == b"t1\tc,1\tapi\t\t3600000\t0\t1\t2\t3\t4\t5\t6\t7\t8\t9\t0\n"


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
    with pytest.raises(Reject):
        Reader().read(0, record(key, value))


def test_a_value_that_nobody_can_read_leaves_its_key_readable() -> None:
    reader = Reader()
    with pytest.raises(Reject):
        reader.read(0, record(GOOD_KEY, b"[[1,2"))

    assert (
        reader.read(0, record(GOOD_KEY, rollup.encode(UsageRow(Partial(1, 2, 3, 4, 5, 6, 7, 8), 9)))).stamp
        == 9
    )
