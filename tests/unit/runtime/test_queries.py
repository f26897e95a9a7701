from pathlib import Path

import pytest

from runtime.queries import load_queries


def test_queries_are_found_by_name_in_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        "-- about the file\n\n-- name: one\nselect 1\n\n-- name: two_2\nselect\n  2;\n"
    )
    (tmp_path / "b.sql").write_text("-- name: three\n-- its reason\nselect 3")
    (tmp_path / "notes.txt").write_text("no SQL")

    queries = load_queries(tmp_path)

    assert {name: query.as_string(None) for name, query in queries.items()} == {
        "one": "select 1",
        "two_2": "select\n  2;",
        "three": "-- its reason\nselect 3",
    }


def test_two_queries_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("-- name: one\nselect 1")
    (tmp_path / "b.sql").write_text("-- name: one\nselect 2")
    with pytest.raises(ValueError, match=r"b\.sql: there is another query named one"):
        load_queries(tmp_path)


@pytest.mark.parametrize("text", ["select 1", "-- name: Not A Name\nselect 1", ""])
def test_a_file_without_a_name_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.sql").write_text(text)
    with pytest.raises(ValueError, match=r"a\.sql: no line"):
        load_queries(tmp_path)
