"""Sealed runs on disk are what was sealed, or they are not there: a torn one would let copies count."""

import shutil
from mmap import mmap
from pathlib import Path

import numpy as np
import pytest

from processors.usage.core.entries import Entries
from processors.usage.core.sealed_run import SealedRun
from processors.usage.seen_store import SeenStore

HOURS = [(3_600_000, 5)]


def run_of(*firsts: int, newest_offset: int) -> SealedRun:
    column = np.array(firsts, np.uint64)
    return SealedRun(Entries(column, column + np.uint64(1), column + np.uint64(2)), newest_offset)


def opened(folder: Path, topic_id: str = "T", generation: int = 0) -> tuple[SeenStore, list[list[int]]]:
    store = SeenStore(folder, topic_id, generation)
    return store, [run.entries.first.tolist() for run in store.open()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a partition with two runs."""
    store, _ = opened(tmp_path / "0")
    store.write([run_of(1, 2, newest_offset=8), run_of(3, newest_offset=9)], 40, HOURS)
    return tmp_path / "0"


def test_what_was_written_is_there_again(folder: Path) -> None:
    store, runs = opened(folder)
    assert runs == [[1, 2], [3]]
    assert (store.manifest.covered, store.manifest.hours) == (40, tuple(HOURS))


def test_runs_as_new_and_as_long_are_two(tmp_path: Path) -> None:
    store, _ = opened(tmp_path / "0")
    store.write([run_of(1, 2, newest_offset=8), run_of(3, 4, newest_offset=8)], 40, HOURS)
    assert opened(tmp_path / "0")[1] == [[1, 2], [3, 4]]


def test_what_is_on_disk_is_not_in_memory_besides(tmp_path: Path) -> None:
    run = run_of(1, 2, newest_offset=8)
    store, _ = opened(tmp_path / "0")
    store.write([run], 40, HOURS)
    assert run.metas(2, 3) == [4]
    whole = run.entries.meta.base
    assert isinstance(whole, np.ndarray)
    assert isinstance(whole.base, np.memmap | mmap)


def test_runs_that_were_merged_make_room(folder: Path) -> None:
    store, _ = opened(folder)
    store.write([run_of(1, 2, 3, newest_offset=9)], 41, HOURS)
    assert opened(folder)[1] == [[1, 2, 3]]
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize(("topic_id", "generation"), [("U", 0), ("T", 1)])
def test_runs_of_another_log_are_worthless(folder: Path, topic_id: str, generation: int) -> None:
    store, runs = opened(folder, topic_id, generation)
    assert (runs, store.manifest.covered) == ([], 0)


@pytest.mark.parametrize("torn", ["zeros", "cut", "gone"])
def test_a_torn_run_is_read_from_the_log_again(folder: Path, torn: str) -> None:
    file = max(folder.glob("*.npy"))
    content = file.read_bytes()
    if torn == "gone":
        file.unlink()
    else:
        file.write_bytes(content[:-8] + (bytes(8) if torn == "zeros" else b""))
    store, runs = opened(folder)
    assert (runs, store.manifest.covered) == ([], 0)
    assert not list(folder.glob("*.npy"))


def test_a_disk_that_takes_nothing_costs_a_longer_start_and_nothing_else(folder: Path) -> None:
    store, _ = opened(folder)
    aside = folder.with_name("aside")
    shutil.move(folder, aside)
    folder.write_text("in the way")
    store.write([run_of(1, 2, 3, newest_offset=9)], 41, HOURS)
    assert store.manifest.covered == 40

    folder.unlink()
    shutil.move(aside, folder)
    store.write([run_of(1, 2, 3, newest_offset=9)], 42, HOURS)
    assert opened(folder)[1] == [[1, 2, 3]]
