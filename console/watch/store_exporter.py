"""What PostgreSQL can tell from the side: dead letters that somebody owes an answer, and its clock."""

import threading
import time
from typing import Final

import psycopg

from console.queries import queries
from runtime import logs
from runtime.metrics import Metrics
from runtime.postgres import Connection, connect_patiently
from runtime.settings import Settings
from schemas.metrics import CLOCK_OFFSET, DLQ_DEPTH, DLQ_OLDEST
from schemas.topics import USAGE, topic_name

INTERVAL_SECONDS: Final = 10.0

log = logs.get_logger(__name__)


class StoreExporter:
    """Looks at PostgreSQL every few seconds. Run it in a thread of its own."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        # The alert on the depth needs a series before there is the first letter.
        self._topics = {topic_name(settings.topic_prefix, USAGE)}

    def run(self, stop: threading.Event) -> None:
        """Look until *stop* is set; an outage of PostgreSQL is waited out."""
        while not stop.is_set():
            connection = connect_patiently(self._settings, "store-exporter", stop, autocommit=True)
            if connection is None:
                return
            try:
                with connection:
                    while not stop.is_set():
                        self.look(connection)
                        stop.wait(INTERVAL_SECONDS)
            except psycopg.Error as error:
                log.warning("store_exporter.waits", reason=str(error))

    def look(self, connection: Connection) -> None:
        """Look once and set the gauges."""
        owed = {
            topic: (depth, oldest)
            for topic, depth, oldest in connection.execute(queries(__package__)["dead_letters_owed"])
        }
        self._topics |= owed.keys()
        for topic in self._topics:
            depth, oldest = owed.get(topic, (0, 0.0))
            self._metrics.gauge(DLQ_DEPTH).labels(topic).set(depth)
            self._metrics.gauge(DLQ_OLDEST).labels(topic).set(oldest)
        before = time.time()
        (theirs,) = connection.execute(queries(__package__)["clock"]).fetchone() or (before,)
        # The answer was given somewhere between question and arrival.
        ours = (before + time.time()) / 2
        self._metrics.gauge(CLOCK_OFFSET).labels("postgres").set(ours - theirs)
