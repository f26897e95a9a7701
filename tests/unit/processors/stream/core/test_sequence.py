import pytest

from processors.stream.core.records import SourceRecord
from processors.stream.core.sequence import GapInSourceError, Sequence


def record(offset: int) -> SourceRecord:
    return SourceRecord(offset, 0, b"", {})


def test_records_pass_once_and_in_order() -> None:
    sequence = Sequence(7)
    assert [sequence.admit(record(offset)) for offset in (7, 8, 7, 8, 9)] == [True, True, False, False, True]
    assert sequence.next_offset == 10


def test_what_was_applied_before_a_restart_does_not_pass() -> None:
    assert not Sequence(7).admit(record(6))


def test_a_missing_record_is_never_passed_over() -> None:
    sequence = Sequence(7)
    with pytest.raises(GapInSourceError, match="expected source offset 7, got 8"):
        sequence.admit(record(8))
    assert sequence.admit(record(7))
