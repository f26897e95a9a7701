"""How state is read back from the logs, and what is read."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol

from confluent_kafka import Message

from runtime import log_reader
from runtime.broker import Partition
from runtime.settings import Settings

_CHUNK: Final = 20_000
_TELL_EVERY: Final = 10_000


class Stored(Protocol):
    """A record that was read back: confluent_kafka's Message, as far as state is loaded from it."""

    def partition(self) -> int | None:
        """Return its partition."""

    def key(self) -> bytes | None:
        """Return its key."""

    def value(self) -> bytes | None:
        """Return its value."""

    def timestamp(self) -> tuple[int, int]:
        """Return the kind of its time, and the time in ms."""


#: Takes the starts and ends that `read` takes.
Read = Callable[[Mapping[Partition, int], Mapping[Partition, int]], Iterator[Stored]]


def read(
    settings: Settings, starts: Mapping[Partition, int], ends: Mapping[Partition, int]
) -> Iterator[Message]:
    """Yield what `runtime.log_reader.read` does, from logs of many small records. Raises TryAgain."""
    return log_reader.read(
        settings,
        "reader",
        starts,
        ends,
        _CHUNK,
        fetch_max_bytes=50_000_000,
        queued_max_messages_kbytes=262_144,
        check_crcs=False,
    )


def read_telling(
    read: Read,
    starts: Mapping[Partition, int],
    ends: Mapping[Partition, int],
    tell: Callable[[int], None],
) -> Iterator[Stored]:
    """Yield what *read* does; *tell* hears now and then how many records are left, and that none is."""
    remaining = sum(max(end - starts[where], 0) for where, end in ends.items())
    for message in read(starts, ends):
        remaining -= 1
        if remaining % _TELL_EVERY == 0:
            tell(remaining)
        yield message
    tell(0)
