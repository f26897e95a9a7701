"""A file of the archive as a table."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import fsspec

from console.books.core.manifest import ArchiveFile
from runtime.settings import Settings
from schemas.errors import Reject, TryAgain

if TYPE_CHECKING:
    import pyarrow as pa


def read_file(settings: Settings, file: ArchiveFile, columns: Sequence[str]) -> "pa.Table":
    """Return *columns* of *file*.

    Raises Reject where it is not what the manifest says, which would prove nothing; TryAgain.
    """
    # Arrow takes 0.3 s to import, which no other command needs.
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    system, root = fsspec.core.url_to_fs(str(settings.archive))
    try:
        content = system.cat_file(f"{root}/{file.name}")
        if hashlib.sha256(content).digest() != file.sha256:
            raise Reject(f"{file.name} of the archive is not as it was written (SHA-256): restore it")
        return pq.read_table(pa.BufferReader(content), columns=list(columns))
    except (OSError, pa.ArrowException) as error:
        raise TryAgain(f"{file.name} of the archive cannot be read: {error}") from None
