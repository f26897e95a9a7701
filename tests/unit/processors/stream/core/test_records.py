from processors.stream.core.records import Append, NewRecord, together


def record(number: int) -> NewRecord:
    return NewRecord(b"k", b"%d" % number, number)


def test_appends_to_one_partition_become_one_with_their_records_in_order() -> None:
    found = together(
        [
            Append("alerts", 3, [record(1)]),
            Append("rollups", 3, [record(2)], is_changelog=True),
            Append("alerts", 3, [record(3), record(4)]),
            Append("alerts", 4, [record(5)]),
            Append("alerts", 3, []),
        ]
    )
    assert found == [
        Append("alerts", 3, [record(1), record(3), record(4)]),
        Append("rollups", 3, [record(2)], is_changelog=True),
        Append("alerts", 4, [record(5)]),
    ]
