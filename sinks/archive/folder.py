"""Where archive files rest: a local folder, or any address that fsspec knows."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import fsspec

from schemas.errors import Misconfigured, TryAgain

_LOCAL: Final = "file"
#: What a file is called until all of it is on disk.
UNFINISHED: Final = ".part"


class Found(NamedTuple):
    """A file that is there, whether or not the manifest knows it."""

    name: str
    modified_at: float


class Folder:
    """One archive. A name is written once; what is there under it is whole."""

    def __init__(self, address: str) -> None:
        """Use the folder or fsspec address. Raises Misconfigured for one that nothing here can read."""
        try:
            self._system, self._root = fsspec.core.url_to_fs(address)
        except (ValueError, ImportError) as error:
            raise Misconfigured(f"WEIR_ARCHIVE={address} cannot be used ({error})") from None
        self._is_local = _LOCAL in self._system.protocol

    def put(self, name: str, content: Any) -> None:  # noqa: ANN401 - whatever has bytes
        """Write *content* durably. Raises OSError or TryAgain when that fails; nothing is half there then."""
        if self._is_local:
            self._put_locally(Path(self._root) / name, content)
            return
        try:
            self._system.pipe_file(self._path(name), bytes(content))
        except Exception as error:  # each store has errors of its own
            raise TryAgain(f"the archive takes no file: {error}") from error

    def found(self, stream: str) -> Iterator[Found]:
        """Yield every file of *stream*. Slow: only to find what nobody knows."""
        top = self._path(stream)
        if not self._system.exists(top):
            return
        for path in self._system.find(top):
            name = path[len(self._root) :].lstrip("/")
            yield Found(name, self._system.modified(path).timestamp())

    def remove(self, name: str) -> None:
        """Delete a file."""
        self._system.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _put_locally(self, path: Path, content: Any) -> None:  # noqa: ANN401
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + UNFINISHED)
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            # The name has to outlive a power cut, too, before the manifest speaks of it.
            os.fsync(folder)
        finally:
            os.close(folder)
