"""The truth file: one line for each time that an event was sent, with the answer that it got."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

import msgspec

from console.generator.deck import Made

#: none: no 2xx came, so the event may be on the log or not.
Answer = Literal["accepted", "duplicate", "conflict", "rejected", "none"]


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One line."""

    id: str
    source: str
    customer: str
    #: The event type.
    meter: str
    #: In the meter's unit; empty where the event has to be rejected.
    quantity: str
    #: RFC 3339; empty where the event has none.
    time: str
    #: Two attempts of one id with the same content are copies, else a conflict.
    content: str
    answer: Answer
    tenant: str = ""


_END: Final[dict[Answer, bytes]] = {
    answer: f'{answer}"}}\n'.encode() for answer in ("accepted", "duplicate", "conflict", "rejected", "none")
}
_decode: Final = msgspec.json.Decoder(Attempt).decode


class TruthWriter:
    """Appends attempts to a truth file."""

    def __init__(self, path: Path, *, append: bool = False) -> None:
        """Start the file at *path* anew, or go on with it."""
        self._file = path.open("ab" if append else "wb")

    def write(self, events: Sequence[Made], answers: Sequence[Answer]) -> None:
        """Write one line an event."""
        self._file.write(
            b"".join([event.line + _END[answer] for event, answer in zip(events, answers, strict=True)])
        )

    def write_same(self, events: Iterable[Made], answer: Answer) -> None:
        """Write one line an event, all with the same answer."""
        end = _END[answer]
        self._file.write(b"".join([event.line + end for event in events]))

    def flush(self) -> None:
        """Let readers see all that was written."""
        self._file.flush()

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()


def read_truth(path: Path) -> Iterator[Attempt]:
    """Yield the attempts in *path* in the order in which their answers came."""
    with path.open("rb") as file:
        for line in file:
            yield _decode(line)
