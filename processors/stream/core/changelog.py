"""What a changelog says of one partition: its keys by highest stamp, and what has to be written once more."""

from collections.abc import Callable

from processors.stream.core.records import NewRecord
from schemas.errors import Misconfigured, Reject


class Changelog:
    """The records of one partition of a changelog, merged by highest stamp.

    A zombie may have appended an older value behind a newer one; the key is then owed to the log.
    Values stay bytes: most keys come once, and a million decoded rows would double the memory.
    """

    def __init__(self, name: str, stamp_of: Callable[[bytes, bytes], int]) -> None:
        """Have read nothing of topic *name* (short) yet; *stamp_of* key and value raises Reject."""
        self._name = name
        self._stamp_of = stamp_of
        self._newest: dict[bytes, bytes] = {}
        #: Stamps of the keys that came more than once.
        self._stamps: dict[bytes, int] = {}
        self._owed: set[bytes] = set()

    def add(self, key: bytes, value: bytes) -> None:
        """Take the next record of the log. Raises Misconfigured if it is not ours."""
        if not value:
            # What is over is deleted; an older value behind that is over too.
            self._newest.pop(key, None)
            self._stamps.pop(key, None)
            self._owed.discard(key)
            return
        known = self._newest.get(key)
        if known is not None:
            newest = self._stamps.get(key)
            if newest is None:
                newest = self._stamp(key, known)
            stamp = self._stamp(key, value)
            if stamp < newest:
                self._stamps[key] = newest
                self._owed.add(key)
                return
            self._stamps[key] = stamp
            self._owed.discard(key)
        self._newest[key] = value

    def get(self, key: bytes) -> bytes | None:
        """Return the newest value of *key*."""
        return self._newest.get(key)

    def owed(self, at_ms: int) -> list[NewRecord]:
        """Return the records of keys whose last one on the log is not their newest."""
        return [NewRecord(key, self._newest[key], at_ms) for key in sorted(self._owed)]

    def move(self, take: Callable[[bytes, bytes], None]) -> None:
        """Hand every key and its newest value to *take*; nothing is left here. Raises Misconfigured."""
        self._stamps.clear()
        self._owed.clear()
        try:
            while self._newest:
                take(*self._newest.popitem())
        except Reject as error:
            raise self._unreadable(error) from None

    def _stamp(self, key: bytes, value: bytes) -> int:
        try:
            return self._stamp_of(key, value)
        except Reject as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Reject) -> Misconfigured:
        return Misconfigured(
            f"weir.{self._name} holds what this release cannot read ({error}): run the newer one"
        )
