"""A running ingress and everything a test wants to do with it."""

import hashlib
import http.client
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from confluent_kafka import Message, Producer

from runtime.broker import Broker, Partition
from runtime.kafka import producer_config
from runtime.log_reader import read
from schemas.catalog import (
    Fact,
    KeyIssued,
    MetersPublished,
    TenantNamed,
    TopicAdopted,
    encode_fact,
    fact_key,
)
from schemas.errors import TryAgain
from schemas.event import UsageEvent
from schemas.meters import Meter
from schemas.pack import decode_pack
from schemas.plan import Mode, OnUnavailable, Plan, Quota
from schemas.quantity import MICRO
from schemas.rate import Rate
from schemas.topics import CATALOG, DOOR, QUOTAS, STRIPE, USAGE, Topic, topic_name
from tests.running import Running
from tests.stack import Namespace

TENANT = "acme"
KEY = "wk_" + "a" * 43
READ_KEY = "wk_" + "r" * 43
ORPHAN_KEY = "wk_" + "o" * 43
METERS = (
    Meter(name="api", event_type="api", unit="requests", default_one=True),
    Meter(name="storage", event_type="storage", properties=("bytes", "hours"), per_unit=2**30),
)


#: So that usage of one event crosses limits.
PLANS = (
    Plan(
        name="free",
        quotas=(Quota(meter="api", limit_micro=10 * MICRO),),
        upgrade_url="https://example.com/plans",
    ),
    Plan(
        name="careful",
        quotas=(Quota(meter="api", limit_micro=10 * MICRO),),
        on_unavailable=OnUnavailable.DENY,
    ),
    Plan(name="soft", quotas=(Quota(meter="api", limit_micro=10 * MICRO, mode=Mode.SOFT),)),
)


class Reply(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401
        """Return the body, read."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Return the code of a problem, after checking that it is a complete one."""
        assert self.headers["content-type"] == "application/problem+json"
        document = self.json
        assert document["status"] == self.status
        assert {"type", "title", "detail"} <= document.keys()
        assert self.headers["x-request-id"]
        code: str = document["code"]
        return code


def now_ms() -> int:
    """Return the time, as the ingress sees it."""
    return time.time_ns() // 1_000_000


def facts(namespace: Namespace) -> list[Fact]:
    """Return a catalogue with one tenant, its keys, two meters and the topic as it is."""
    usage = topic_name(namespace.prefix, USAGE)
    broker = Broker.of(namespace.settings())
    give_up = time.monotonic() + 20
    while (found := broker.topics([usage]).get(usage)) is None:  # the broker learns of it a moment later
        assert time.monotonic() < give_up
        time.sleep(0.05)
    return [
        TenantNamed(TENANT, "Acme"),
        issued(KEY, "ingest"),
        issued(READ_KEY, "read"),
        issued(ORPHAN_KEY, "ingest", tenant="nobody"),
        MetersPublished(1, 0, METERS, plans=PLANS, default_plan="free"),
        TopicAdopted("usage", found.topic_id, 1, found.partitions),
    ]


def issued(
    key: str, *scopes: str, tenant: str = TENANT, revoked: bool = False, rate: Rate | None = None
) -> KeyIssued:
    """Return the fact that *key* exists."""
    key_hash = hashlib.sha256(key.encode()).hexdigest()
    return KeyIssued(key_hash[:8], tenant, key_hash, scopes, revoked, rate)


def publish(namespace: Namespace, *which: Fact) -> None:
    """Write facts to the catalogue, as the outbox relay does."""
    producer = Producer(producer_config(namespace.settings(), "test"))
    topic = topic_name(namespace.prefix, CATALOG)
    for fact in which:
        producer.produce(topic, encode_fact(fact), fact_key(fact), partition=0)
    assert producer.flush(20) == 0


@dataclass
class Door:
    """An ingress that listens on a port of its own."""

    namespace: Namespace
    process: Running
    port: int
    key: str = KEY

    def post(
        self,
        body: object,
        content_type: str | None = "application/json",
        path: str = "/v1/events",
        method: str = "POST",
        **headers: str,
    ) -> Reply:
        """Send one request on a connection of its own; *body* as bytes, or as anything that JSON holds."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.key}"}
        if content_type is not None:
            sent["Content-Type"] = content_type
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        try:
            connection.request(method, path, content, sent)
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, named, response.read())
        finally:
            connection.close()

    def send(self, raw: bytes, seconds: float = 40) -> bytes:
        """Write *raw* to a new connection and return all that comes back until it is closed."""
        with self.connection(seconds) as connection:
            connection.sendall(raw)
            answer = bytearray()
            with suppress(ConnectionResetError):
                while chunk := connection.recv(65_536):
                    answer += chunk
            return bytes(answer)

    def connection(self, seconds: float = 40) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), seconds)

    def get(self, path: str) -> tuple[int, str]:
        """Return what the health server says."""
        try:
            with urllib.request.urlopen(self.process.health + path, timeout=10) as response:  # noqa: S310
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def logged(self) -> dict[str, UsageEvent]:
        """Return everything on the usage topic by position."""
        found = {}
        for partition, offset, _, value in records(self.namespace, USAGE):
            for index, event in enumerate(decode_pack(value).events()):
                found[f"{topic_name(self.namespace.prefix, USAGE)}/{partition}/{offset}/{index}"] = event
        return found


def records(namespace: Namespace, topic: Topic) -> list[tuple[int, int, bytes, bytes]]:
    """Return (partition, offset, key, value) of every record of *topic*, each partition's in order."""
    return sorted(
        (message.partition() or 0, message.offset() or 0, message.key() or b"", message.value() or b"")
        for message in messages(namespace, topic)
    )


def messages(namespace: Namespace, topic: Topic) -> Iterator[Message]:
    """Yield every record of *topic* with all that Kafka says of it, each partition's in order."""
    ends = _ends(Broker.of(namespace.settings()), topic_name(namespace.prefix, topic))
    return read(namespace.settings(), "test", dict.fromkeys(ends, 0), ends)


def topics_of_the_door() -> tuple[Topic, ...]:
    """Return what the ingress needs."""
    return (USAGE, STRIPE, QUOTAS, CATALOG, DOOR)


def _ends(broker: Broker, name: str) -> dict[Partition, int]:
    """Return where each partition ends; a broker that has just come back may need a moment."""
    give_up = time.monotonic() + 30
    while True:
        try:
            partitions = [(name, number) for number in range(broker.topics([name])[name].partitions)]
            return broker.latest(partitions)
        except TryAgain:
            assert time.monotonic() < give_up
            time.sleep(0.2)
