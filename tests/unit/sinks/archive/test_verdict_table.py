import pytest

from schemas import rollup
from schemas.errors import Reject
from schemas.rollup import Progress
from schemas.seen import offset_key
from schemas.verdict import PROGRESS_KEY, Fate, RecordVerdicts, Verdict, encode_verdicts
from sinks.archive.verdict_table import VerdictRecord, VerdictRows, read, table_of
from sinks.core.record import Record

DUPLICATE = Verdict(3, Fate.DUPLICATE, first_offset=17)
REFUSED = Verdict(0, Fate.REFUSED, "invalid")


def verdicts(offset: int, source_offset: int, *said: Verdict) -> Record:
    return Record(offset, 5, offset_key(source_offset), encode_verdicts(RecordVerdicts(9, list(said))))


def rows_of(*records: VerdictRecord) -> VerdictRows:
    rows = VerdictRows()
    for each in records:
        rows.add(each)
    return rows


def test_each_verdict_is_a_row_in_the_order_of_the_source_log() -> None:
    rows = rows_of(read(verdicts(0, 41, DUPLICATE)), read(verdicts(1, 40, REFUSED, DUPLICATE)))

    assert rows.rows == 3
    assert [tuple(row.values()) for row in table_of(rows, 2).to_pylist()] == [
        (2, 40, 0, "refused", "invalid", None, 9),
        (2, 40, 3, "duplicate", "", 17, 9),
        (2, 41, 3, "duplicate", "", 17, 9),
    ]


def test_progress_has_no_rows() -> None:
    progress = read(Record(4, 5, PROGRESS_KEY, rollup.encode(Progress(1, 2, 3))))

    assert (progress.offset, progress.rows) == (4, 0)
    assert rows_of(progress).rows == 0


@pytest.mark.parametrize(
    ("key", "value"),
    [(b"", b""), (b"short", encode_verdicts(RecordVerdicts(9, []))), (offset_key(1), b'[9,[[0,"eaten"]]]')],
)
def test_what_is_no_verdict_is_rejected(key: bytes, value: bytes) -> None:
    with pytest.raises(Reject):
        read(Record(0, 5, key, value))
