"""The ingress as a whole: built from its parts, kept going, and brought to a clean end."""

import asyncio
import secrets
import time
from typing import Final

from ingest.core.backlog import Backlog
from ingest.core.gate import Gate
from ingest.core.packing import OpenPacks
from ingest.core.quota_states import QuotaStates
from ingest.core.rates import Rates
from ingest.core.reading import Reader
from ingest.core.rounds import Rounds
from ingest.events_route import EventsRoute
from ingest.ground import Ground
from ingest.http_requests import Requests
from ingest.http_server import Door
from ingest.instruments import (
    EVENTS_ROUTE,
    QUOTAS_ROUTE,
    VALIDATE_ROUTE,
    WEBHOOKS_ROUTE,
    Instruments,
    ProduceInstruments,
)
from ingest.intake import Intake
from ingest.kafka import Faults, UsageLog, connect
from ingest.packer import Packer
from ingest.quota_route import QuotaRoute
from ingest.quotas import QuotaFollower
from ingest.serving import serve_until
from ingest.tally import DoorTally
from ingest.validate_route import ValidateRoute
from ingest.webhook_instruments import WebhookInstruments
from ingest.webhook_log import WebhookLog
from ingest.webhook_route import WebhookRoute
from ingest.webhook_secrets import WebhookSecrets
from runtime import logs
from runtime.broker import Broker
from runtime.catalog import CatalogFollower
from runtime.health import Health
from runtime.metrics import Metrics
from runtime.settings import Settings
from schemas.topics import DOOR, STRIPE, USAGE, topic_name

_HOUSEKEEPING_SECONDS: Final = 1.0
_TELL_SECONDS: Final = 60.0
#: Beyond the longest wait for Kafka, what a request may need to be answered at the end.
_DRAIN_SECONDS: Final = 2.0
_FLUSH_SECONDS: Final = 5.0

log = logs.get_logger(__name__)


class Ingress:
    """Everything of one process but its health server."""

    def __init__(self, settings: Settings, metrics: Metrics, follower: CatalogFollower) -> None:
        """Build it; nothing is sent, and nobody is listened to, before `serve`."""
        self._settings = settings
        run = secrets.token_hex(4)
        topic = topic_name(settings.topic_prefix, USAGE)
        partitions = settings.partitions
        self._gate = Gate(settings.ingest_inflight_bytes)
        self._instruments = Instruments(metrics)
        self._faults = Faults()
        self._producer = connect(settings, self._faults)
        rounds = Rounds(settings.ingest_linger_ms / 1_000)
        produced = ProduceInstruments(metrics, topic)
        self._log = UsageLog(self._producer, self._faults, topic, self._gate, rounds, produced)
        packs = OpenPacks(partitions)
        self._packer = Packer(self._log, packs, rounds, self._gate, settings.ingest_ack_timeout_ms / 1_000)
        self._tally = DoorTally(self._producer, topic_name(settings.topic_prefix, DOOR), run)
        broker = Broker.of(settings, "ground")
        self._ground = Ground(broker, self._producer, topic, partitions, lambda: follower.catalog)
        self._rates = Rates()
        intake = Intake(lambda: follower.catalog, Reader(partitions), self._gate, self._rates)
        self._backlog = Backlog(settings.ingest_behind_seconds)
        self._quotas = QuotaFollower(settings, lambda: follower.catalog, self._backlog)
        events = EventsRoute(
            intake,
            self._states,
            self._backlog,
            self._gate,
            self._log,
            self._packer,
            self._tally,
            self._instruments,
        )
        stale_seconds = settings.quota_stale_seconds
        checks = QuotaRoute(
            lambda: follower.catalog, self._states, partitions, stale_seconds, self._instruments
        )
        validate = ValidateRoute(intake, self._states, partitions, stale_seconds)
        self._webhooks = self._webhook_route(metrics, follower)
        routes = {
            EVENTS_ROUTE: {"POST": events.post},
            VALIDATE_ROUTE: {"POST": validate.post},
            QUOTAS_ROUTE: {"GET": checks.get},
            WEBHOOKS_ROUTE: {"POST": self._webhooks.post},
        }
        self._requests = Requests(routes, self._instruments, run)
        self._door = Door(self._requests.answer)

    def declare(self, health: Health) -> None:
        """Tell *health* what this process needs, and how to see that it moves."""
        health.need("kafka", self._ground.missing, dependency=True)
        health.need("door", lambda: None if self._door.is_open else "not listening yet")
        health.watch("packs", lambda: self._log.reported, lambda: self._log.outstanding)

    async def serve(self, stop: asyncio.Event, ready: asyncio.Event, failed: asyncio.Future[None]) -> None:
        """Listen once *ready* is set and the ground is firm; end cleanly after *stop*.

        Raises Misconfigured, what *failed* holds, or RuntimeError where only a new process helps.
        """
        with self._quotas:
            work = [
                self._ground.watch(),
                self._keep_house(),
                self._tell_once_a_minute(),
                self._listen(ready),
            ]
            await serve_until(stop, failed, work, self._drain)

    def _webhook_route(self, metrics: Metrics, follower: CatalogFollower) -> WebhookRoute:
        settings = self._settings
        topic = topic_name(settings.topic_prefix, STRIPE)
        webhooks = WebhookLog(
            self._producer,
            topic,
            settings.partitions,
            self._gate,
            settings.ingest_ack_timeout_ms / 1_000,
            ProduceInstruments(metrics, topic),
        )
        secrets = WebhookSecrets(settings, lambda: follower.catalog)
        return WebhookRoute(secrets, self._gate, webhooks, WebhookInstruments(metrics))

    def _states(self) -> QuotaStates:
        return self._quotas.states

    async def _listen(self, ready: asyncio.Event) -> None:
        await ready.wait()
        await self._ground.firm()
        await self._webhooks.prepare()
        port = await self._door.listen(self._settings.host, self._settings.ingest_port, "WEIR_INGEST_PORT")
        log.info("ingest.listening", host=self._settings.host, port=port)

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)
            self._log.poll()
            self._instruments.look(
                inflight=self._requests.inflight,
                connections=len(self._door.connections),
                queued=len(self._producer),
                behind_seconds=self._backlog.behind_seconds,
            )
            self._tally.publish(_now_ms())
            if self._faults.fatal is not None:
                raise RuntimeError(f"Kafka's producer cannot go on: {self._faults.fatal}")

    async def _tell_once_a_minute(self) -> None:
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            self._tell_who_was_refused()

    def _tell_who_was_refused(self) -> None:
        for whose, requests in self._rates.take_refused():
            log.info("rate.limited", tenant=whose.tenant, key_id=whose.key_id, requests=requests)
        for tenant, refusal, webhooks in self._webhooks.take_refused():
            log.warning("webhook.refused", tenant=tenant, reason=refusal.value, webhooks=webhooks)

    async def _drain(self) -> None:
        """Answer what is under way, publish what is left, in that order."""
        self._requests.draining = True
        self._packer.hurry()
        await self._door.close(self._settings.ingest_ack_timeout_ms / 1_000 + _DRAIN_SECONDS)
        self._tell_who_was_refused()
        self._tally.publish(_now_ms())
        left = await asyncio.to_thread(self._producer.flush, _FLUSH_SECONDS)
        log.info("ingest.drained", left=left)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
