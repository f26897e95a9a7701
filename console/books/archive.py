"""The archive as the manifest describes it: each file checked, then laid out for DuckDB to read."""

import hashlib
import io
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

import fsspec
import pyarrow.parquet as pq

from console.books.core.entries import Finding
from console.books.core.manifest import ArchiveFile
from console.books.desk import Desk, literal, statements

_LOCAL: Final = "file"


class Checked(NamedTuple):
    """The files that are as they were written, and what is wrong with the others."""

    readable: list[ArchiveFile]
    findings: list[Finding]


class Archive:
    """One archive, by folder or fsspec address. It is never listed: the manifest says what exists."""

    def __init__(self, address: str) -> None:
        """Look at the archive below *address*."""
        self._system, self._root = fsspec.core.url_to_fs(address)

    def check(self, files: Iterable[ArchiveFile]) -> Checked:
        """Hold each file against its SHA-256; an altered one proves nothing and is not read."""
        readable, findings = [], []
        for file in files:
            finding = self._look_at(file)
            if finding is None:
                readable.append(file)
            else:
                findings.append(finding)
        return Checked(readable, findings)

    def lay_out(self, desk: Desk, files: Sequence[ArchiveFile]) -> None:
        """Make the relation `archived` of *files* on *desk*."""
        if not files:
            desk.run("make_empty_archive")
            return
        if not self._is_local:
            desk.database.register_filesystem(self._system)
        columns = statements()["archive_columns"].as_string()
        parts = [
            columns.replace("$generation", str(generation)).replace("$paths", self._paths(run))
            for generation, run in groupby(
                sorted(files, key=lambda file: file.generation), key=lambda file: file.generation
            )
        ]
        selects = "\nunion all\n".join(part.rstrip("; \n") for part in parts)
        desk.execute(f"create view archived as {selects}", {})

    @property
    def _is_local(self) -> bool:
        return _LOCAL in self._system.protocol

    def _paths(self, files: Iterable[ArchiveFile]) -> str:
        return "[" + ", ".join(literal(self._address(file)) for file in files) + "]"

    def _address(self, file: ArchiveFile) -> str:
        path = f"{self._root}/{file.name}"
        return path if self._is_local else str(self._system.unstrip_protocol(path))

    def _look_at(self, file: ArchiveFile) -> Finding | None:
        try:
            content = self._system.cat_file(f"{self._root}/{file.name}")
        except FileNotFoundError:
            return Finding("archive_file_lost", file.name, f"is gone, and {file.rows} events with it")
        if hashlib.sha256(content).digest() == file.sha256:
            return None
        rows = _rows_in(content)
        found = "nothing can be read of it" if rows is None else f"it has {rows} rows"
        detail = f"its SHA-256 is not the manifest's; {found}, by the manifest {file.rows} rows"
        return Finding("archive_file_altered", file.name, detail)


def _rows_in(content: bytes) -> int | None:
    try:
        metadata: Any = pq.read_metadata(io.BytesIO(content))
    except Exception:  # noqa: BLE001 - damaged bytes make the reader fail in every way there is
        return None
    return int(metadata.num_rows)
