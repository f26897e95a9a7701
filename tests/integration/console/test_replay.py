"""`weir replay`: the mirror made once more, from what only the archive has and from the log."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition

from console.control.topics import apply_topics
from runtime.broker import Broker
from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.partition import partition_of_tenant
from schemas.topics import BILLING, MIRROR, STRIPE, topic_name
from schemas.webhook import Envelope, Origin, headers_of
from tests.integration.console.command import Command
from tests.integration.console.mirror import told
from tests.integration.console.shipped import apply_shipped
from tests.integration.sinks.webhooks import Stripe
from tests.running import Running
from tests.stack import Namespace
from tests.stripe.shapes import Object
from tests.stripe.stories import story_of
from tests.waiting import until

pytestmark = pytest.mark.integration
TENANT = "acme"


class Mirrored:
    """An installation that mirrors what is appended."""

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self._settings = settings
        self._stripe = Stripe(settings)
        self._connection = connection
        self._count = 0

    def append(self, events: list[Object]) -> None:
        """Append *events*, and wait until they are mirrored and archived."""
        for event in events:
            self.send(event)
        self.wait()

    def send(self, event: Object) -> None:
        """Append *event*."""
        headers = headers_of(Envelope(TENANT, 7, Origin.WEBHOOK), None)
        self._stripe.append(json.dumps(event).encode(), headers, TENANT)
        self._count += 1

    def wait(self) -> None:
        """Wait until all that was sent is mirrored and archived."""
        until(lambda: self._read("select coalesce(sum(source_offset + 1), 0) from mirror_progress"))
        until(
            lambda: self._read(
                "select coalesce(sum(next_offset), 0) from sink_offsets"
                " where sink = 'archive' and topic = 'stripe'"
            )
        )

        until(self._is_at_rest)

    def _is_at_rest(self) -> bool:
        prefix, partitions = self._settings.topic_prefix, range(self._settings.partitions)
        logs = [(topic_name(prefix, topic), number) for topic in (MIRROR, BILLING) for number in partitions]
        found = self._connection.execute("select sum(next_offset) from sink_offsets where sink = 'mirror'")
        return found.fetchone() == (sum(Broker.of(self._settings).latest(logs).values()),)

    def _read(self, query: str) -> bool:
        found = self._connection.execute(query.encode()).fetchone()
        return found is not None and int(found[0]) == self._count


def test_what_is_replayed_is_what_is_stored_until_somebody_changes_it(
    namespace: Namespace,
    settings: Settings,
    connection: Connection,
    weir: Command,
    start: Callable[..., Running],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not apply_topics(settings, connection).findings
    apply_shipped(connection)
    archive = str(tmp_path / "archive")
    monkeypatch.setenv("WEIR_ARCHIVE", archive)
    start("console", "watch")
    processor = start("processors", "billing")
    start("sinks", "mirror", "archive", WEIR_ARCHIVE=archive, WEIR_ARCHIVE_INTERVAL_MS="500")
    events = list(story_of(5).events)
    half = len(events) // 2
    mirrored = Mirrored(settings, connection)
    mirrored.append(events[half:])
    where = TopicPartition(
        topic_name(settings.topic_prefix, STRIPE), partition_of_tenant(TENANT, settings.partitions), half // 2
    )
    for future in namespace.admin.delete_records([where]).values():
        future.result(20)
    mirrored.append(events[:half])

    found = weir.json("replay", "--into", "proof")
    assert weir.code == 0, weir.err
    assert all(table["is_equal"] for table in found)
    assert sum(table["rows"] for table in found) > 20

    processor.wait_ready()
    processor.terminate()
    mirrored.send(told("customer.created", "customer", 1_700_000_000, id="cus_on_its_way"))
    found = weir("replay", "--into", "too_soon")
    assert weir.code == 1
    assert "stripe is not at rest" in weir.err
    assert "not at rest" in found
    assert "NO" not in found
    processor.restart()
    mirrored.wait()
    weir("replay", "--into", "in_time")
    assert weir.code == 0, weir.err
    assert "at rest" not in weir.err

    weir("replay", "--into", "proof")
    assert weir.code == 2
    assert "has tables" in weir.err

    connection.execute("update stripe_subscriptions set status = 'active' || status")
    assert "NO" in weir("replay", "--into", "proof_2")
    assert weir.code == 1
