"""The shape of every sink: a member of a group, its offsets and epoch in PostgreSQL, one loop.

Poll, hand the records to the sink, and when it is due store its batch and the offsets in one
transaction. Nothing depends on what Kafka has committed. An outage is waited for within the group,
with the partitions paused; only a row that the store itself refuses is set aside.
"""

import time
from collections.abc import Callable
from threading import Event
from typing import Final, TypeVar

import psycopg

from runtime import logs
from runtime.backoff import delays
from runtime.postgres import retry_reason
from schemas.errors import TryAgain
from sinks.core.log import Log, Span
from sinks.footing import Footing
from sinks.ledger import Displaced
from sinks.letters import Letters
from sinks.measures import Measures
from sinks.member import Member
from sinks.sink import Batch, Sink, Written
from sinks.standing import Standing
from sinks.store import REFUSALS

#: Longest wait for a first record: how late a SIGTERM can be noticed.
_POLL_SECONDS: Final = 0.2
#: Between two polls while records come, within these bounds until a batch may be due: records cost
#: less by the thousand than one by one, but the group wants to hear of us.
_LEAST_GATHER_SECONDS: Final = 0.005
_MOST_GATHER_SECONDS: Final = 0.05
#: As many records at once are a backlog: the next ones are there already, and nobody has to wait for them.
_PLENTY: Final = 5_000
#: How often the topics are looked at without a reason.
_CHECK_SECONDS: Final = 30.0
#: How often Kafka is told how far we are.
_TELL_SECONDS: Final = 1.0

T = TypeVar("T")
log = logs.get_logger(__name__)


class Follower:
    """Runs one sink in the calling thread until it is asked to stop, or crashes."""

    def __init__(
        self,
        sink: Sink,
        member: Member,
        footing: Footing,
        letters: Letters,
        measures: Measures,
        standing: Standing,
        stop: Event,
    ) -> None:
        self._sink = sink
        self._member = member
        self._footing = footing
        self._letters = letters
        self._measures = measures
        self._standing = standing
        self._stop = stop
        self._untold: dict[Log, int] = {}
        self._waiting = False
        #: Whether a batch was cut and not stored: the sink has let go of its rows and stands behind them.
        self._passed_over = False
        self._last_cut = self._last_check = self._last_tell = time.monotonic()
        self._took = 0.0
        self._revoked: float | None = None

    def run(self) -> None:
        """Follow until stopped. Raises Fenced, Misconfigured, or what else makes going on wrong."""
        self._member.before_revoke = self._store_before_revoke
        try:
            while not self._stop.is_set():
                self._turn()
            self._flush(patient=False)
            self._member.tell(self._untold, wait=True)
        finally:
            self._member.leave()
            self._footing.close()

    def _turn(self) -> None:
        if self._member.arrived is not None:
            self._patiently(self._take_over)
        if self._member.fault is not None or time.monotonic() - self._last_check >= _CHECK_SECONDS:
            self._patiently(self._check)
        found = self._member.poll(min(self._left_s() or _POLL_SECONDS, _POLL_SECONDS))
        for where, records in found.items():
            if where in self._footing.claims:
                self._sink.take(where, records)
                self._standing.took(where, records[-1].offset + 1)
        if self._sink.due(time.monotonic() - self._last_cut, self._took):
            self._flush(patient=True)
        elif 0 < sum(map(len, found.values())) < _PLENTY:
            self._stop.wait(min(max(self._left_s(), _LEAST_GATHER_SECONDS), _MOST_GATHER_SECONDS))
        self._standing.look(self._member)

    def _left_s(self) -> float:
        """Return how long no batch can be due for want of time; 0 where time is no reason."""
        return max(0.0, self._sink.wait_s(self._took) - (time.monotonic() - self._last_cut))

    def _take_over(self) -> None:
        """Claim what the group has assigned, and start where the store says."""
        if self._member.arrived is None:
            return
        lost = self._footing.take_over(self._member.arrived)
        for span in lost:
            self._measures.lost(span)
            log.error("sink.records_lost", sink=self._sink.name, log=str(span.log), **_ends(span))
        claims = self._footing.claims
        offsets = {where: claim.next_offset for where, claim in claims.items()}
        self._untold = {}
        self._sink.begin(claims.values())
        self._passed_over = False
        self._standing.began(offsets)
        self._member.start(offsets)
        self._measures.rebalanced(None if self._revoked is None else time.monotonic() - self._revoked)
        self._revoked = None
        log.info("sink.assigned", sink=self._sink.name, logs=[str(where) for where in claims])

    def _check(self) -> None:
        """Stop if the topics are not what they were; after a fault start anew from what is stored.

        Also learn how far the logs go, from another client than the one that reads them.
        """
        self._standing.ends = self._footing.check()
        if self._member.fault is not None and self._member.arrived is None:
            self._member.arrived = list(self._footing.claims)
        self._member.fault = None
        self._last_check = time.monotonic()

    def _flush(self, *, patient: bool) -> None:
        """Store what the sink has taken; patient: however long it takes, unless the group moves on."""
        if self._passed_over:
            # The next batch would move the offsets over what was not stored: only `_take_over`, which
            # begins where the store is, may let one follow.
            return
        batch = self._sink.cut()
        started = self._last_cut = time.monotonic()
        if batch is None:
            return
        if patient:
            written = self._patiently(lambda: self._write(batch))
        else:
            written = self._once(lambda: self._write(batch))
        if written is None:
            self._passed_over = True
            return
        now_ms = time.time_ns() // 1_000_000
        self._took = time.monotonic() - started
        self._measures.committed(written, len(batch.letters), self._took, now_ms)
        self._sink.stored(batch, now_ms)
        self._standing.stored()
        self._tell(batch)

    def _write(self, batch: Batch) -> Written:
        batch.prepare()
        try:
            return self._commit(batch, careful=False)
        except REFUSALS as error:
            log.warning("sink.rows_refused", sink=self._sink.name, rows=batch.rows, reason=_line(error))
        return self._commit(batch, careful=True)

    def _commit(self, batch: Batch, *, careful: bool) -> Written:
        with self._footing.transaction(batch.next_offsets) as connection:
            written = batch.write(connection, careful=careful)
            self._letters.write([*batch.letters, *written.refused])
        return written

    def _tell(self, batch: Batch) -> None:
        self._untold.update(batch.next_offsets)
        now = time.monotonic()
        if now - self._last_tell >= _TELL_SECONDS:
            self._member.tell(self._untold)
            self._untold = {}
            self._last_tell = now

    def _patiently(self, attempt: Callable[[], T]) -> T | None:
        """Return what *attempt* returns; None if the group or the end of the process came between."""
        changes = self._member.changes
        for delay in delays():
            done = self._once(attempt)
            if done is not None or not self._standing.missing or self._stop.is_set():
                return done
            self._waiting = True
            self._member.wait(delay)
            self._waiting = False
            if changes != self._member.changes:
                return None
        return None

    def _once(self, attempt: Callable[[], T]) -> T | None:
        """Try; None, and what is missing noted, if something that we depend on does not answer."""
        try:
            done = attempt()
        except Displaced as error:
            self._begin_anew(error)
            return None
        except (psycopg.Error, TryAgain, OSError) as error:
            reason = retry_reason(error) if isinstance(error, psycopg.Error) else "connection"
            if reason is None:
                raise
            self._measures.retried(reason)
            self._standing.missing = _line(error)
            # What comes back may be an older copy, and a log to which nothing comes would not show that.
            self._last_check = -_CHECK_SECONDS
            log.warning("sink.waits", sink=self._sink.name, reason=_line(error))
            return None
        self._standing.missing = None
        return done

    def _begin_anew(self, why: Displaced) -> None:
        """Claim the same logs once more, and start where the store is."""
        self._measures.retried("displaced")
        self._standing.missing = None
        self._member.arrived = list(self._footing.claims)
        log.error("sink.displaced", sink=self._sink.name, reason=str(why))

    def _store_before_revoke(self) -> None:
        # Without this a group that moves often would never let a slow sink finish a batch.
        if not self._waiting:
            self._flush(patient=False)
        self._footing.let_go()
        self._revoked = time.monotonic()


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _ends(span: Span) -> dict[str, int]:
    return {"first_offset": span.first_offset, "last_offset": span.last_offset}
