"""Finds an event, and what was said of it, in the archive: DuckDB over the files that the manifest names."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any, Final, NamedTuple

import duckdb
import fsspec

from console.events.core.sighting import Said, Sighting, Where
from console.events.manifest import File
from console.queries import queries
from schemas.errors import TryAgain
from schemas.verdict import Fate

_LOCAL: Final = "file"


class Wanted(NamedTuple):
    """Which event is looked for. Customer None: of any."""

    tenant: str
    source: str
    id: str
    customer: str | None


class Archive:
    """One archive, by folder or fsspec address."""

    def __init__(self, address: str) -> None:
        """Look at the archive below *address*."""
        self._system, self._root = fsspec.core.url_to_fs(address)
        self._is_local = _LOCAL in self._system.protocol

    def sightings(self, files: Sequence[File], wanted: Wanted) -> list[Sighting]:
        """Return every copy of the event in *files*, which are ordered by generation. Raises TryAgain."""
        found: list[Sighting] = []
        for generation, run in groupby(files, key=lambda file: file.generation):
            for row in self._ask("sightings", run, wanted._asdict()):
                partition, offset, nth, tenant, customer, kind, source, event_id, *numbers, rest = row
                given_ms, recorded_at_ms, quantity = numbers
                found.append(
                    Sighting(
                        Where(generation, partition, offset, nth),
                        tenant,
                        customer,
                        kind,
                        source,
                        event_id,
                        given_ms,
                        recorded_at_ms,
                        None if quantity is None else int(quantity),
                        rest,
                    )
                )
        return found

    def said(self, files: Iterable[File], sighting: Sighting) -> Said | None:
        """Return the verdict on *sighting* if it is in one of *files*. Raises TryAgain."""
        where, at_ms = sighting.where, sighting.recorded_at_ms
        likely = [
            file
            for file in files
            if (file.generation, file.partition) == (where.generation, where.partition)
            and file.first_time_ms <= at_ms <= file.last_time_ms
        ]
        place = {"partition": where.partition, "offset": where.offset, "index": where.nth}
        for *_, fate, code, first_offset in self._ask("verdicts", likely, place):
            return Said(Fate(fate), code or "", first_offset)
        return None

    def _ask(self, name: str, files: Iterable[File], parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        addresses = [self._address(file) for file in files]
        if not addresses:
            return []
        with self._database() as database:
            asked = database.execute(
                queries(__package__)[name].as_string(), {**parameters, "files": addresses}
            )
            return asked.fetchall()

    @contextmanager
    def _database(self) -> Iterator[duckdb.DuckDBPyConnection]:
        # One thread: a question must not take the machine from those who count.
        with duckdb.connect(config={"threads": 1}) as database:
            if not self._is_local:
                database.register_filesystem(self._system)
            try:
                yield database
            except duckdb.Error as error:
                raise TryAgain(f"the archive cannot be read: {error}") from None

    def _address(self, file: File) -> str:
        path = f"{self._root}/{file.name}"
        return path if self._is_local else str(self._system.unstrip_protocol(path))
