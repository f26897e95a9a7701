"""A command speaks to the stack that was named: by option, by environment, or the one in the checkout."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.cli.place import DEFAULT_FOLDER, data_folder, find_settings
from deploy.local.birth import Born
from deploy.local.folder import DataFolder, held, open_folder, secret_key, write_state
from deploy.local.state import StackState
from schemas.errors import Misconfigured

ADDRESSES = {
    "ingest": "http://127.0.0.1:9000",
    "console": "http://127.0.0.1:9001",
    "kafka": "127.0.0.1:9002",
    "postgres": "postgresql://weir@127.0.0.1:9003/weir",
}
SETTINGS = {"WEIR_KAFKA": "elsewhere:1", "WEIR_POSTGRES": "postgresql://elsewhere/weir"}


@pytest.fixture
def stopped(tmp_path: Path) -> DataFolder:
    """Return a folder in which a stack once ran."""
    folder = open_folder(tmp_path / "stack", least_free_bytes=0)
    write_state(folder, StackState(str(folder.path), Born(1, "0"), "ready", ADDRESSES))
    return folder


@pytest.fixture
def running(stopped: DataFolder) -> Iterator[DataFolder]:
    """Return a folder in which one runs: somebody holds its lock."""
    stop, locked = threading.Event(), threading.Event()

    def hold() -> None:
        with held(stopped):
            locked.set()
            stop.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait()
    yield stopped
    stop.set()
    thread.join()


def test_a_running_stack_is_found_by_its_folder(running: DataFolder) -> None:
    for found in (
        find_settings(running.path, {}),
        find_settings(None, {"WEIR_DATA": str(running.path)}),
        find_settings(running.path, SETTINGS),
        find_settings(None, {"WEIR_DATA": str(running.path), **SETTINGS}),
    ):
        assert (found.kafka, found.postgres) == (ADDRESSES["kafka"], ADDRESSES["postgres"])
        assert (found.ingest_port, found.console_port) == (9000, 9001)
        assert found.archive == f"{running.path}/archive"
        assert found.secret_key == secret_key(running)


def test_a_secret_that_is_not_ours_to_read_stops_nothing(
    running: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_folder: DataFolder) -> str:
        raise PermissionError

    monkeypatch.setattr("console.cli.place.secret_key", refuse)
    assert find_settings(running.path, {}).secret_key == ""


def test_settings_hold_where_no_stack_runs(stopped: DataFolder) -> None:
    found = find_settings(None, {"WEIR_DATA": str(stopped.path), **SETTINGS})
    assert found.kafka == "elsewhere:1"


def test_settings_go_before_a_folder_that_nobody_named() -> None:
    assert find_settings(None, SETTINGS).kafka == "elsewhere:1"


def test_a_folder_that_was_named_has_to_run(stopped: DataFolder) -> None:
    with pytest.raises(Misconfigured, match="no stack runs in"):
        find_settings(stopped.path, SETTINGS)


def test_with_nothing_at_all_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="weir up"):
        find_settings(None, {"WEIR_DATA": str(tmp_path)})


def test_the_default_folder_is_in_the_checkout() -> None:
    assert data_folder(None, {}) == DEFAULT_FOLDER
    assert DEFAULT_FOLDER.name == ".weir"
    assert (DEFAULT_FOLDER.parent / "console").is_dir()
    assert data_folder(Path("x"), {"WEIR_DATA": "y"}) == Path("x")
