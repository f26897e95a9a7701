"""`sink_offsets`: how far a sink is, and who may say so. The truth about its progress."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from psycopg.sql import SQL

from runtime.postgres import Connection
from schemas.errors import TryAgain, WeirError
from schemas.ground import TopicIdentity
from sinks.core.log import Claim, Log, Span


class Fenced(WeirError):  # noqa: N818 - the word of the trade
    """Somebody else has claimed a log since we did: stop; nothing of the transaction is stored."""


class Displaced(WeirError):  # noqa: N818 - likewise
    """The store is not where we left it: begin anew where it is; nothing of the transaction is stored."""


class Generation(NamedTuple):
    """The topic that offsets speak of, as `weir topics apply` or `adopt` recorded it."""

    number: int
    identity: TopicIdentity


class Ledger:
    """The rows of one sink. Every method runs within the caller's transaction."""

    def __init__(self, sink: str, queries: Mapping[str, SQL]) -> None:
        self._sink = sink
        self._queries = queries

    def generation(self, connection: Connection, topic: str) -> Generation:
        """Return the generation of *topic* in force. Raises TryAgain while none is recorded."""
        row = connection.execute(self._queries["generation_in_force"], {"topic": topic}).fetchone()
        if row is None:
            raise TryAgain(f"topic {topic} is not recorded yet: waiting for `weir topics apply`")
        number, *identity = row
        return Generation(number, TopicIdentity(*identity))

    def claim(
        self, connection: Connection, topic: str, generation: int, partitions: Iterable[int]
    ) -> list[Claim]:
        """Take the logs over: from the commit on, whoever claimed them before is fenced."""
        rows = connection.execute(
            self._queries["claim_logs"],
            {
                "sink": self._sink,
                "topic": topic,
                "generation": generation,
                # In order, so that two claimants cannot wait for each other.
                "partitions": sorted(partitions),
            },
        )
        return [Claim(Log(topic, partition), *rest) for partition, *rest in rows]

    def end_stalled(self, connection: Connection, longer_than_s: int) -> list[str]:
        """End sessions of this sink whose transaction is older; return their names. They may connect anew."""
        rows = connection.execute(
            self._queries["end_stalled"], {"sink": self._sink, "longer_than": longer_than_s}
        )
        return [name for _, name, _ in rows]

    def advance(
        self, connection: Connection, claims: Mapping[Log, Claim], next_offsets: Mapping[Log, int]
    ) -> None:
        """Move the offsets of claims that hold, and stand where the store does.

        Raises Fenced, Displaced.
        """
        logs = sorted(next_offsets)
        moved = connection.execute(
            self._queries["advance"],
            {
                "sink": self._sink,
                "topics": [log.topic for log in logs],
                "partitions": [log.partition for log in logs],
                "from_offsets": [claims[log].next_offset for log in logs],
                "next_offsets": [next_offsets[log] for log in logs],
                "epochs": [claims[log].epoch for log in logs],
            },
        ).rowcount
        if moved != len(logs):
            self.check(connection, [claims[log] for log in logs])
            raise Displaced(f"sink {self._sink}: the store has moved")

    def check(self, connection: Connection, claims: Iterable[Claim]) -> None:
        """Return if all *claims* hold, and stand where the store does. Raises Fenced, Displaced."""
        rows = connection.execute(self._queries["standing"], {"sink": self._sink})
        stored = {Log(topic, partition): (offset, epoch) for topic, partition, offset, epoch in rows}
        ours = {claim.log: (claim.next_offset, claim.epoch) for claim in claims}
        # Only an older copy of the store knows of no claim as new as ours.
        taken = [log for log, (_, epoch) in ours.items() if stored.get(log, (0, 0))[1] > epoch]
        if taken:
            raise Fenced(
                f"sink {self._sink}: {len(taken)} of {len(ours)} logs belong to another process "
                "by now; this one was silent for too long, or two have the same work"
            )
        moved = [log for log, place in ours.items() if stored.get(log) != place]
        if moved:
            raise Displaced(
                f"sink {self._sink}: the store is not where it was left in {len(moved)} of {len(ours)} logs, "
                f"as {moved[0]} shows ({ours[moved[0]]} is {stored.get(moved[0])} there): it is an older "
                "copy, or a commit had no answer"
            )

    def note_lost(self, connection: Connection, span: Span) -> None:
        """Record offsets that were gone before this sink had read them."""
        connection.execute(
            self._queries["note_lost"],
            {
                "reader": self._sink,
                "topic": span.log.topic,
                "partition": span.log.partition,
                "generation": span.generation,
                "first_offset": span.first_offset,
                "last_offset": span.last_offset,
            },
        )
