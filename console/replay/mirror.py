"""Makes the mirror once more, by the same rules and statements as the processes."""

from collections.abc import Callable, Iterable

from console.replay.mirror_source import Piece
from processors.billing.core.partition import BillingPartition, Outcome
from processors.billing.core.table import MirrorTable
from runtime.postgres import Connection
from schemas.topics import BILLING, MIRROR
from sinks import sql
from sinks.core.log import Log
from sinks.core.record import Record
from sinks.mirror.sink import MirrorSink


class MirrorReplay:
    """The processor's rules, and behind them the sink's statements."""

    def __init__(self, connection: Connection, tell: Callable[[int], None]) -> None:
        """Store in the schema that *connection* writes to; *tell* hears how many records were applied."""
        self._connection = connection
        self._tell = tell
        self._partitions: dict[int, BillingPartition] = {}
        self._sink = MirrorSink(sql.queries(), 0)

    def replay(self, pieces: Iterable[Piece]) -> None:
        """Apply *pieces* and store what comes of them."""
        for piece in pieces:
            if piece.records:
                self._apply(piece)
                self._tell(len(piece.records))

    def _apply(self, piece: Piece) -> None:
        partition = self._partitions.setdefault(
            piece.partition, BillingPartition(piece.generation, MirrorTable(), None)
        )
        partition.generation = piece.generation
        self._store(piece.partition, partition.apply(piece.records))

    def _store(self, number: int, outcome: Outcome) -> None:
        for topic, made in ((MIRROR, outcome.states), (BILLING, outcome.facts)):
            records = [Record(0, one.timestamp_ms, one.key, one.value) for one in made]
            if records:
                self._sink.take(Log(topic.name, number), records)
        if (batch := self._sink.cut()) is not None:
            with self._connection.transaction():
                batch.write(self._connection, careful=False)
