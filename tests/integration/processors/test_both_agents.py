"""The agents of one process beside each other: a backlog of one is not the other's."""

from collections.abc import Callable

import pytest
from confluent_kafka import Producer

from runtime.kafka import producer_config
from runtime.log_reader import read
from schemas import topics
from schemas.mirror_log import decode_progress, encode
from schemas.partition import partition_of_tenant
from schemas.rollup import ProgressKey
from schemas.stamp import offset_of
from schemas.topics import topic_name
from schemas.webhook import Envelope, Origin, headers_of
from tests.integration.processors.test_usage_processor import some_events, sums, wait_done
from tests.integration.processors.usage_log import UsageLog
from tests.running import Running
from tests.stack import PARTITIONS, Namespace
from tests.stripe.shapes import as_sent, event, shape

pytestmark = pytest.mark.integration

TENANT = "acme"
PARTITION = partition_of_tenant(TENANT, PARTITIONS)
#: Some seconds of work.
WEBHOOKS = 20_000


@pytest.fixture
def log(namespace: Namespace) -> UsageLog:
    return UsageLog(namespace)


def send_webhooks(log: UsageLog) -> None:
    """Append webhooks about as many customers."""
    producer = Producer(producer_config(log.settings, "test", linger_ms=5))
    headers = headers_of(Envelope(TENANT, 7, Origin.WEBHOOK), None)
    text = as_sent(event("customer.created", shape("customer") | {"id": "cus_N"}, event_id="N", created_s=7))
    for number in range(WEBHOOKS):
        value = text.replace(b'"N"', b'"evt_%d"' % number).replace(b"cus_N", b"cus_%d" % number)
        producer.produce(
            topic_name(log.settings.topic_prefix, topics.STRIPE), value, partition=PARTITION, headers=headers
        )
        producer.poll(0)
    assert not producer.flush(60)


def mirrored(log: UsageLog) -> int:
    """Return how many webhooks the mirror on its log is made of."""
    where = (topic_name(log.settings.topic_prefix, topics.MIRROR), PARTITION)
    key = encode(ProgressKey(PARTITION))
    said = [
        decode_progress(message.value() or b"").stamp
        for message in read(log.settings, "test", {where: 0}, log.broker.latest([where]))
        if message.key() == key
    ]
    return offset_of(max(said)) + 1 if said else 0


def test_usage_does_not_wait_for_a_backlog_of_webhooks(log: UsageLog, start: Callable[..., Running]) -> None:
    events = some_events(2_000, seed=1)
    send_webhooks(log)
    log.send(events)
    process = start("processors")
    made = wait_done(log)
    process.freeze()
    assert made.usage == sums(events)
    assert mirrored(log) < WEBHOOKS
