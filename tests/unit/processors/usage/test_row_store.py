from pathlib import Path

import pytest

from processors.usage.row_store import Rows, RowStore

RECORDS = [(b"key-1", b"value-1"), (b"key-2", b"\n\x00")]
NOTHING: tuple[int, Rows] = (0, [])


def store(folder: Path, topic_id: str = "topic-1", generation: int = 3) -> RowStore:
    return RowStore(folder / "rows" / "5", topic_id, generation)


def test_what_was_written_is_read_by_the_next_process(tmp_path: Path) -> None:
    store(tmp_path).write(17, [(b"old", b"old")])
    store(tmp_path).write(42, iter(RECORDS))
    assert store(tmp_path).read() == (42, RECORDS)


def test_where_there_is_no_file_all_of_the_log_is_read(tmp_path: Path) -> None:
    assert store(tmp_path).read() == NOTHING


@pytest.mark.parametrize("other", [{"topic_id": "topic-2"}, {"generation": 4}])
def test_rows_of_another_log_are_worth_nothing(tmp_path: Path, other: dict[str, str | int]) -> None:
    store(tmp_path).write(42, RECORDS)
    assert store(tmp_path, **other).read() == NOTHING  # type: ignore[arg-type]


def test_a_file_damaged_anywhere_is_ignored(tmp_path: Path) -> None:
    store(tmp_path).write(42, RECORDS)
    path = tmp_path / "rows" / "5"
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert store(tmp_path).read() == NOTHING, f"byte {place}"
        path.write_bytes(whole[:place])
        assert store(tmp_path).read() == NOTHING, f"cut at {place}"


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "rows").write_text("a file where the folder should be")
    store(tmp_path).write(42, RECORDS)
    assert store(tmp_path).read() == NOTHING
