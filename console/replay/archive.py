"""A file of the archive as a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import fsspec

from console.books.core.manifest import ArchiveFile
from runtime.settings import Settings
from schemas.errors import TryAgain

if TYPE_CHECKING:
    import pyarrow as pa


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
