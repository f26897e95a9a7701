"""A file of the archive, as the manifest describes it, as a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import fsspec

from runtime.settings import Settings
from schemas.errors import TryAgain

if TYPE_CHECKING:
    import pyarrow as pa


class ArchiveFile(NamedTuple):
    """One file of a stream."""

    name: str
    partition: int
    generation: int
    first_offset: int
    last_offset: int


def read_file(settings: Settings, file: ArchiveFile, columns: Sequence[str]) -> "pa.Table":
    """Return *columns* of *file*. Raises TryAgain."""
    # Arrow takes 0.3 s to import, which no other command needs.
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    system, root = fsspec.core.url_to_fs(str(settings.archive))
    try:
        with system.open(f"{root}/{file.name}") as opened:
            return pq.read_table(opened, columns=list(columns))
    except (OSError, pa.ArrowException) as error:
        raise TryAgain(f"{file.name} of the archive cannot be read: {error}") from None
