"""What the follower asks of a sink: take records, say when it is time, cut a batch, write it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from runtime.postgres import Connection
from schemas.dead_letter import DeadLetter
from schemas.topics import Topic
from sinks.core.log import Claim, Log
from sinks.core.record import Record


class Written(NamedTuple):
    """What the store made of a batch's rows."""

    inserted: int
    #: Rows that it knew already, at least as new.
    duplicate: int
    refused: Sequence[DeadLetter] = ()


class Batch(Protocol):
    """Rows, and the offsets up to which they make everything stored. Frozen: it may be tried again."""

    @property
    def next_offsets(self) -> Mapping[Log, int]:
        """Where a successor goes on, for each log of which something was read."""

    @property
    def letters(self) -> Sequence[DeadLetter]:
        """Records that could not be read."""

    @property
    def rows(self) -> int:
        """How many rows there are to write."""

    def prepare(self) -> None:
        """Do what has to be done before the transaction; called before each attempt.

        Raises OSError or TryAgain where another attempt may succeed.
        """

    def write(self, connection: Connection, *, careful: bool) -> Written:
        """Write the rows within the open transaction.

        *careful* after the store has refused something: find what, set it aside, write the rest.
        """


class Sink(Protocol):
    """One way from topics to a store. It has no thread, no connection and no clock of its own."""

    @property
    def name(self) -> str:
        """As on the command line, in sink_offsets and in metrics."""

    @property
    def topics(self) -> Sequence[Topic]:
        """What it follows."""

    @property
    def patience_s(self) -> float:
        """How long a record may lie on the broker until others make its delivery worth the while."""

    def begin(self, claims: Iterable[Claim]) -> None:
        """Forget everything, and start with these logs alone."""

    def take(self, log: Log, records: Sequence[Record]) -> None:
        """Take the next records of *log*, in order. Records that cannot be read become letters."""

    def wait_s(self, last_took_s: float) -> float:
        """Return how long to gather from one cut to the next, when the last batch took *last_took_s*."""

    def due(self, since_last_s: float, last_took_s: float) -> bool:
        """Say whether what was taken is to be stored now.

        *since_last_s* have passed since the last batch was cut, and that one took *last_took_s*.
        """

    def cut(self) -> Batch | None:
        """Return what was taken since the last cut, or None if that moves no offset."""

    def stored(self, batch: Batch, now_ms: int) -> None:
        """Learn that *batch* is committed."""
