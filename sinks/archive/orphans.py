"""Deletes files that no manifest line will ever name: their writer died between file and transaction."""

import threading
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

import psycopg
from psycopg.sql import SQL

from runtime import logs
from schemas.errors import TryAgain
from sinks.archive.folder import Folder
from sinks.archive.stream import STREAMS
from sinks.store import Store

#: A writer that is still at work is younger than this by far.
_GRACE_SECONDS: Final = 86_400.0
_EVERY_SECONDS: Final = 6 * 3_600.0
_AT_ONCE: Final = 1_000

log = logs.get_logger(__name__)


class Orphans:
    """Looks through one archive."""

    def __init__(self, folder: Folder, store: Store, queries: Mapping[str, SQL]) -> None:
        self._folder = folder
        self._store = store
        self._known = queries["known_archive_files"]

    def keep_removing(self, stop: threading.Event) -> None:
        """Look now and every few hours, until stopped; what fails today is for the next time."""
        while not stop.is_set():
            try:
                removed = list(self.remove(time.time()))
            except (OSError, TryAgain, psycopg.Error) as error:
                log.warning("archive.orphans_not_removed", reason=str(error))
            else:
                log.info("archive.orphans_removed", files=len(removed))
            finally:
                self._store.close()
            stop.wait(_EVERY_SECONDS)

    def remove(self, now: float) -> Iterator[str]:
        """Delete each orphan that is a day old at *now* (seconds since 1970), and yield its name."""
        for stream in STREAMS:
            old = (
                found.name for found in self._folder.found(stream) if found.modified_at < now - _GRACE_SECONDS
            )
            while names := tuple(islice(old, _AT_ONCE)):
                for name in set(names) - self._named(names):
                    self._folder.remove(name)
                    yield name

    def _named(self, names: tuple[str, ...]) -> set[str]:
        with self._store.transaction() as connection:
            return {name for (name,) in connection.execute(self._known, {"names": list(names)})}
