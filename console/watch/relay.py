"""The outbox relay: facts go from PostgreSQL to the stream, in order, within a fraction of a second.

One relay works, a second one stands by: who holds the advisory lock publishes.
"""

import threading
from typing import Final

import psycopg
from confluent_kafka import Producer

from console.queries import queries
from console.watch.outbox import CONFIRM_SECONDS, mark, pending, publish
from runtime import logs
from runtime.backoff import delays
from runtime.health import Health
from runtime.kafka import producer_config
from runtime.metrics import Metrics
from runtime.postgres import Connection, connect_patiently
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.metrics import KAFKA_PRODUCE_DURATION, KAFKA_PRODUCE_FAILURES

#: PostgreSQL wakes the relay at once; it looks by itself this often, and notices a stop.
LOOK_SECONDS: Final = 1.0
_STANDBY_SECONDS: Final = 0.5

log = logs.get_logger(__name__)


class Relay:
    """Publishes the outbox until it is told to stop. Run it in a thread of its own."""

    def __init__(self, settings: Settings, metrics: Metrics, health: Health) -> None:
        self._settings = settings
        self._metrics = metrics
        self._published = 0
        self._waiting = 0
        self._trouble: str | None = "the relay has not started yet"
        health.need("relay", lambda: self._trouble, dependency=True)
        health.watch("relay", lambda: self._published, lambda: self._waiting)

    def run(self, stop: threading.Event) -> None:
        """Relay until *stop* is set; an outage of either side is waited out."""
        pauses = delays()
        while not stop.is_set():
            done = self._published
            try:
                self._session(stop)
            except (TryAgain, psycopg.Error) as error:
                if self._published > done:
                    pauses = delays()
                self._trouble = f"the relay waits: {error}"
                log.warning("relay.waits", reason=str(error))
                stop.wait(next(pauses))

    def _session(self, stop: threading.Event) -> None:
        """Work with one connection and one producer; either's trouble ends both."""
        connection = connect_patiently(self._settings, "relay", stop, autocommit=True)
        if connection is None:
            return
        # Dropped without a flush at the end: what it still holds is in the outbox, too.
        producer = Producer(
            producer_config(
                self._settings, "relay", linger_ms=0, message_timeout_ms=round(CONFIRM_SECONDS * 1_000)
            )
        )
        with connection:
            if not self._take_turn(connection, stop):
                return
            connection.execute(queries(__package__)["relay_listen"])
            self._trouble = None
            while not stop.is_set():
                self._empty(connection, producer)
                for _ in connection.notifies(timeout=LOOK_SECONDS, stop_after=1):
                    pass

    def _take_turn(self, connection: Connection, stop: threading.Event) -> bool:
        """Wait for the lock; return whether we have it."""
        waited = False
        while not stop.is_set():
            (locked,) = connection.execute(queries(__package__)["relay_try_lock"]).fetchone() or (False,)
            if locked:
                # What the one before us still had on its way is on the log, or was given up, after this:
                # an old fact must not land behind a newer one of ours.
                return not (waited and stop.wait(CONFIRM_SECONDS))
            if not waited:
                log.info("relay.stands_by")
            self._trouble = None
            waited = True
            stop.wait(_STANDBY_SECONDS)
        return False

    def _empty(self, connection: Connection, producer: Producer) -> None:
        """Publish and mark all that waits."""
        while facts := pending(connection):
            self._waiting = len(facts)
            try:
                took = publish(producer, self._settings.topic_prefix, facts)
            except TryAgain:
                self._metrics.counter(KAFKA_PRODUCE_FAILURES).labels("catalog", "not_confirmed").inc()
                raise
            for seconds in took:
                self._metrics.histogram(KAFKA_PRODUCE_DURATION).labels("catalog").observe(seconds)
            mark(connection, facts)
            self._published += len(facts)
            log.info("relay.published", facts=len(facts), newest=facts[-1].id)
        self._waiting = 0
