"""The sealed runs of a partition's dedupe index on disk: a cache of `weir.seen`, safe to delete.

A run file is written once and then mapped; the manifest, replaced in one step, says which runs
there are and from where on `weir.seen` has to be read beside them.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from xxhash import xxh3_64_intdigest

from processors.usage.core.entries import Entries
from processors.usage.core.sealed_run import SealedRun
from processors.usage.replacing import replacing
from runtime import logs

_MANIFEST: Final = "manifest.json"

log = logs.get_logger(__name__)


class RunFile(msgspec.Struct, frozen=True):
    """One sealed run."""

    name: str
    #: Largest source offset in it.
    newest_offset: int
    #: Of the columns, one behind the other: a torn file would let copies count.
    checksum: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is on disk for one partition."""

    #: Topic id of weir.seen, and the source topic's generation: a run of other logs is worthless.
    seen_topic_id: str
    generation: int
    #: Every record of weir.seen before this offset is in the runs.
    covered: int = 0
    #: Oldest first.
    runs: tuple[RunFile, ...] = ()
    #: (hour, first source offset) of record time, oldest first.
    hours: tuple[tuple[int, int], ...] = ()


class SeenStore:
    """The folder of one partition."""

    def __init__(self, folder: Path, seen_topic_id: str, generation: int) -> None:
        """Use *folder*, which may not exist yet, for runs of this topic id and generation."""
        self._folder = folder
        self.manifest = Manifest(seen_topic_id=seen_topic_id, generation=generation)

    def open(self) -> list[SealedRun]:
        """Return the runs that are usable; whatever else lies in the folder is removed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            found = msgspec.json.decode((self._folder / _MANIFEST).read_bytes(), type=Manifest)
            if (found.seen_topic_id, found.generation) == (
                self.manifest.seen_topic_id,
                self.manifest.generation,
            ):
                runs = [SealedRun(self._load(run), run.newest_offset) for run in found.runs]
                self.manifest = found
                self._sweep()
                return runs
        except FileNotFoundError:
            pass
        except (OSError, ValueError, msgspec.DecodeError) as error:
            log.warning("seen_store.rebuilt", folder=str(self._folder), reason=str(error))
        self._sweep()
        return []

    def write(self, runs: Sequence[SealedRun], covered: int, hours: Sequence[tuple[int, int]]) -> None:
        """Make the folder hold *runs*, oldest first.

        Runs that are there already are not written again; the others have
        their entries in their files from then on, and no longer in memory. An error is logged, and the
        folder keeps what it had: nothing rests on it.
        """
        written = {file.name: file for file in self.manifest.runs if (self._folder / file.name).exists()}
        try:
            files = tuple(written.get(_name(run)) or self._save(run) for run in runs)
            manifest = msgspec.structs.replace(self.manifest, covered=covered, runs=files, hours=tuple(hours))
            with replacing(self._folder / _MANIFEST) as file:
                file.write(msgspec.json.encode(manifest))
            self.manifest = manifest
            self._sweep()
        except OSError as error:
            log.warning("seen_store.not_written", folder=str(self._folder), reason=str(error))

    def _load(self, run: RunFile) -> Entries:
        columns = self._mapped(run.name)
        if xxh3_64_intdigest(columns.data) != run.checksum:
            raise ValueError(f"the checksum of {run.name} is wrong")
        return Entries(columns[0], columns[1], columns[2])

    def _save(self, run: SealedRun) -> RunFile:
        columns = np.stack((run.entries.first, run.entries.second, run.entries.meta))
        with replacing(self._folder / _name(run)) as file:
            np.save(file, columns)
        mapped = self._mapped(_name(run))
        run.entries = Entries(mapped[0], mapped[1], mapped[2])
        return RunFile(_name(run), run.newest_offset, xxh3_64_intdigest(columns.data))

    def _mapped(self, name: str) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
        # A plain array over the file: each slice of numpy's own kind of map costs more than the slice.
        return np.asarray(np.load(self._folder / name, mmap_mode="r"))

    def _sweep(self) -> None:
        """Remove every file that the manifest does not name."""
        kept = {_MANIFEST, *(run.name for run in self.manifest.runs)}
        for entry in os.scandir(self._folder):
            if entry.name not in kept:
                Path(entry.path).unlink()


def _name(run: SealedRun) -> str:
    """Return a name that no other run has: ids are hashes, so its ends tell it from one as new and long."""
    ends = run.entries.first
    return f"{run.newest_offset:020d}-{len(run)}-{int(ends[0]):016x}-{int(ends[-1]):016x}.npy"
