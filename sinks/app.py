"""Builds the followers of one process out of settings, and runs each in a thread of its own."""

import threading
import time
from collections.abc import Sequence
from typing import Final

from runtime import logs
from runtime.broker import Broker
from runtime.health import Health
from runtime.health_server import HealthThread
from runtime.kafka import consumer_config
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.version import build
from schemas.errors import Misconfigured
from schemas.process import SINKS
from sinks import sql
from sinks.build import BUILDERS, JOBS_NAME, jobs
from sinks.follower import Follower
from sinks.footing import Footing
from sinks.ground import Ground
from sinks.ledger import Ledger
from sinks.letters import Letters
from sinks.measures import Measures
from sinks.member import Member
from sinks.standing import Standing

#: What a consumer may hold unread, so that memory stays bounded whatever the backlog.
_UNREAD_KIB: Final = 16_384
#: The broker answers at once when it has this many bytes for us.
_WORTH_A_FETCH: Final = 256 * 1_024
#: For one question about the topics. Each commit asks one, also the last before a stop.
_ASK_SECONDS: Final = 3.0
_STOP_SECONDS: Final = 30.0
_FAILED_STOP_SECONDS: Final = 3.0

log = logs.get_logger(__name__)


class App:
    """The sinks of one process."""

    def __init__(self, settings: Settings, names: Sequence[str], stop: threading.Event) -> None:
        """Build the sinks *names*, all if there are none. Raises Misconfigured for an unknown one."""
        known_names = (*BUILDERS, JOBS_NAME)
        unknown = sorted(set(names) - set(known_names))
        if unknown:
            raise Misconfigured(
                f"there is no sink {', '.join(unknown)}: name some of {', '.join(known_names)}"
            )
        self._settings = settings
        self._stop = stop
        self._names = tuple(names) or known_names
        sinks = tuple(name for name in self._names if name in BUILDERS)
        self._groups = {name: f"{settings.topic_prefix}sink-{name}" for name in sinks}
        known = {"sink": sinks, "group": self._groups.values()}
        self._metrics = Metrics(SINKS, build(settings.commit), known)
        self._health = Health()
        # Before anybody can ask: a process without needs would be ready.
        self._standings = {name: Standing(name, self._health) for name in sinks}
        self._jobs = jobs(settings, self._metrics, self._health, stop) if JOBS_NAME in self._names else None
        self._failures: list[Exception] = []
        self._changed = threading.Event()

    def run(self) -> None:
        """Follow until stopped; the first failure of a follower ends all of them and is raised."""
        settings = self._settings
        with HealthThread(self._health, self._metrics.registry, settings.host, settings.health_port):
            threads = [
                threading.Thread(target=self._run, args=(name,), name=name, daemon=True)
                for name in self._names
            ]
            for thread in threads:
                thread.start()
            while not self._stop.wait(0.1) and all(thread.is_alive() for thread in threads):
                pass
            self._stop.set()
            until = time.monotonic() + (_FAILED_STOP_SECONDS if self._failures else _STOP_SECONDS)
            for thread in threads:
                thread.join(max(0.0, until - time.monotonic()))
        if self._failures:
            raise self._failures[0]

    def _run(self, name: str) -> None:
        try:
            if name == JOBS_NAME and self._jobs is not None:
                self._jobs.run()
            else:
                self._follower(name).run()
        except Exception as error:  # noqa: BLE001 - it is raised in the main thread
            self._failures.append(error)

    def _follower(self, name: str) -> Follower:
        settings = self._settings
        sink, store = BUILDERS[name](settings, self._metrics, self._stop)
        ledger = Ledger(name, sql.queries())
        broker = Broker.of(settings, f"sink-{name}", _ASK_SECONDS)
        member = Member(
            consumer_config(
                settings,
                f"sink-{name}",
                self._groups[name],
                member=f"{settings.instance}-{name}",
                queued_max_messages_kbytes=_UNREAD_KIB,
                fetch_min_bytes=_WORTH_A_FETCH,
                fetch_wait_max_ms=round(1_000 * sink.patience_s),
            ),
            settings.topic_prefix,
            [topic.name for topic in sink.topics],
        )
        return Follower(
            sink,
            member,
            Footing(store, ledger, Ground(settings.topic_prefix, broker)),
            Letters(settings, f"sink-{name}-letters", self._metrics),
            Measures(self._metrics, name, self._groups[name]),
            self._standings[name],
            self._stop,
        )
