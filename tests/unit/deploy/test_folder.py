import stat
from pathlib import Path

import pytest

from deploy.local import birth
from deploy.local.folder import (
    DataFolder,
    StackRuns,
    held,
    is_held,
    open_folder,
    read_state,
    secret_key,
    write_state,
)
from deploy.local.state import StackState
from schemas.errors import Misconfigured


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return open_folder(tmp_path / "data", least_free_bytes=0)


def test_only_one_holds_a_folder(folder: DataFolder) -> None:
    assert not is_held(folder)
    with held(folder):
        assert is_held(folder)
        with pytest.raises(StackRuns, match="a stack runs already in"), held(folder):
            pass
    assert not is_held(folder)


def test_the_secret_key_is_made_once_and_is_for_its_owner_alone(folder: DataFolder) -> None:
    key = secret_key(folder)
    assert len(key) >= 43
    assert secret_key(folder) == key
    assert stat.S_IMODE((folder.path / "secret.key").stat().st_mode) == 0o600


def test_what_runs_reads_back_as_it_was_written(folder: DataFolder) -> None:
    state = StackState("/d", birth.Born(1, "b"), "ready", {"kafka": "127.0.0.1:1"})
    write_state(folder, state)
    assert read_state(folder) == state


@pytest.mark.parametrize("text", ["", "{", '{"phase": "odd"}', "[]"])
def test_a_damaged_state_file_is_as_none(folder: DataFolder, text: str) -> None:
    folder.state.write_text(text)
    assert read_state(folder) is None


def test_too_little_room_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"MiB left and a stack needs \d+: make room"):
        open_folder(tmp_path, least_free_bytes=2**60)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match=r"cannot be written \(Not a directory\).*--data"):
        open_folder(tmp_path / "file" / "data")
