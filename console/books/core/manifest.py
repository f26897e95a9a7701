"""The archive's manifest: which files hold which stretch of the log, and where it has holes."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby, pairwise
from typing import NamedTuple

from console.books.core.entries import Finding


class ArchiveFile(NamedTuple):
    """One file of the stream `usage`, as the manifest describes it."""

    name: str
    partition: int
    generation: int
    first_offset: int
    last_offset: int
    rows: int
    sha256: bytes
    created_at: datetime


class LostRange(NamedTuple):
    """Offsets that retention deleted before a reader had come to them."""

    topic: str
    partition: int
    generation: int
    first_offset: int
    last_offset: int


def next_offsets(files: Iterable[ArchiveFile], generation: int) -> dict[int, int]:
    """Return, by partition, the first offset of *generation* that no file covers."""
    ends: dict[int, int] = {}
    for file in files:
        if file.generation == generation:
            ends[file.partition] = max(ends.get(file.partition, 0), file.last_offset + 1)
    return ends


def holes(files: Iterable[ArchiveFile]) -> Iterator[Finding]:
    """Yield a finding for each stretch that no file covers, or that two cover.

    *files* are ordered by generation, partition and first offset.
    """
    for _, run in groupby(files, key=lambda file: (file.generation, file.partition)):
        for earlier, later in pairwise(run):
            where = f"archive generation {later.generation} / partition {later.partition}"
            if later.first_offset > earlier.last_offset + 1:
                detail = f"offsets {earlier.last_offset + 1} to {later.first_offset - 1} are in no file"
                yield Finding("archive_hole", where, detail)
            elif later.first_offset <= earlier.last_offset:
                detail = f"{earlier.name} and {later.name} hold the same offsets"
                yield Finding("archive_overlap", where, detail)


def lost(ranges: Iterable[LostRange]) -> list[Finding]:
    """Return a finding for each range that was lost."""
    return [
        Finding(
            "lost_range",
            f"{each.topic} generation {each.generation} / partition {each.partition}",
            f"offsets {each.first_offset} to {each.last_offset} were deleted before they had been read",
        )
        for each in ranges
    ]
