"""A sink's footing in PostgreSQL: taking logs over, and transactions that only their owner can commit."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from psycopg.errors import LockNotAvailable

from runtime import logs
from runtime.postgres import Connection
from sinks.core.log import Claim, Log, Span
from sinks.ground import Ground
from sinks.ledger import Generation, Ledger
from sinks.store import LOCK_SECONDS, Store

log = logs.get_logger(__name__)


class Footing:
    """Holds the claims of one sink. Raises TryAgain or psycopg's errors when something is away."""

    def __init__(self, store: Store, ledger: Ledger, ground: Ground) -> None:
        self._store = store
        self._ledger = ledger
        self._ground = ground
        self.claims: Mapping[Log, Claim] = {}
        #: The topics that the claims speak of. Whatever is adopted later is not theirs.
        self._recorded: Mapping[str, Generation] = {}

    def take_over(self, logs: Iterable[Log]) -> list[Span]:
        """Claim *logs*, and return what retention deleted before it was stored.

        Raises Misconfigured where a log is not the one that the stored offsets speak of.
        """
        wanted = list(logs)
        self._recorded = self._generations({where.topic for where in wanted})
        self._ground.check(self._recorded)
        try:
            claims = self._claim(wanted)
        except LockNotAvailable:
            self._end_stalled()
            raise
        # The claims are committed first: from here on nobody else moves these offsets.
        standing, lost = self._ground.standing(claims)
        if lost:
            fenced = {claim.log: claim for claim in claims}
            with self._store.transaction() as connection:
                for span in lost:
                    self._ledger.note_lost(connection, span)
                moved = {span.log: span.last_offset + 1 for span in lost}
                self._ledger.advance(connection, fenced, moved)
        self.claims = {claim.log: claim for claim in standing}
        return lost

    def _claim(self, wanted: Iterable[Log]) -> list[Claim]:
        claims: list[Claim] = []
        with self._store.transaction() as connection:
            for topic, generation in self._recorded.items():
                numbers = [where.partition for where in wanted if where.topic == topic]
                claims += self._ledger.claim(connection, topic, generation.number, numbers)
        return claims

    def _end_stalled(self) -> None:
        """End the transaction of whoever the group has given up, so that the next try finds no lock.

        It may stand still in the middle of a COPY, and there none of PostgreSQL's time limits reaches it.
        """
        with self._store.transaction() as connection:
            ended = self._ledger.end_stalled(connection, LOCK_SECONDS)
        log.warning("sink.ended_stalled", sessions=ended)

    def check(self) -> dict[Log, int]:
        """Return where the claimed logs end.

        Raises Misconfigured if their topics are not what they were, Fenced and Displaced as `transaction`.
        """
        self._ground.check(self._recorded)
        with self._store.transaction() as connection:
            self._ledger.check(connection, self.claims.values())
        return self._ground.ends(self.claims)

    @contextmanager
    def transaction(self, next_offsets: Mapping[Log, int]) -> Iterator[Connection]:
        """Give a transaction that moves the offsets. Raises Fenced if one of the claims no longer holds.

        Raises Displaced if the store is not where the transaction before left it; Misconfigured if a topic
        was made anew: what was read last may be a stranger's then.
        """
        self._ground.check(self._recorded)
        with self._store.transaction() as connection:
            self._ledger.advance(connection, self.claims, next_offsets)
            yield connection
        moved = {log: self.claims[log]._replace(next_offset=offset) for log, offset in next_offsets.items()}
        self.claims = {**self.claims, **moved}

    def let_go(self) -> None:
        """Hold no claim any more."""
        self.claims, self._recorded = {}, {}

    def close(self) -> None:
        """Let the connection go."""
        self._store.close()

    def _generations(self, topics: Iterable[str]) -> dict[str, Generation]:
        with self._store.transaction() as connection:
            return {topic: self._ledger.generation(connection, topic) for topic in sorted(topics)}
