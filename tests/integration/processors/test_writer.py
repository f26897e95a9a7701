"""The writer against a broker that fails on demand: durable, or an error; never a shrug."""

import asyncio
from collections.abc import Iterator

import pytest
from aiokafka.errors import KafkaError

from processors.stream.core.records import Append, NewRecord
from processors.stream.writer import (
    Fence,
    ForeignWriterError,
    UndeliveredError,
    Writer,
)
from runtime.settings import Settings
from tests.mock_cluster import (
    MESSAGE_TOO_LARGE,
    NOT_ENOUGH_REPLICAS,
    PRODUCE,
    TOPIC_AUTHORIZATION_FAILED,
    MockCluster,
    mock_cluster,
)

TOPIC = "changelog"


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with mock_cluster() as running:
        running.create_topic(TOPIC, partitions=2)
        yield running


def settings_for(cluster: MockCluster) -> Settings:
    return Settings.load({"WEIR_KAFKA": cluster.address, "WEIR_SESSION_TIMEOUT_MS": "6000"})


def records(count: int, size: int = 10) -> list[NewRecord]:
    return [NewRecord(b"key-%d" % number, b"x" * size, 1_700_000_000_000) for number in range(count)]


def append(cluster: MockCluster, fence: Fence, *appends: Append) -> None:
    async def run() -> None:
        writer = Writer.of(settings_for(cluster), fence)
        await writer.start()
        try:
            for one in appends:
                await writer.append([one])
        finally:
            await writer.stop()

    asyncio.run(run())


def test_what_was_appended_moves_the_expected_offset(cluster: MockCluster) -> None:
    fence = Fence()
    fence.expect(TOPIC, 0, 0)
    append(cluster, fence, *[Append(TOPIC, 0, records(3), is_changelog=True)] * 2)
    assert fence.expected(TOPIC, 0) == 6


def test_a_second_writer_is_noticed_at_the_next_append(cluster: MockCluster) -> None:
    fence = Fence()
    fence.expect(TOPIC, 0, 0)
    append(cluster, Fence(), Append(TOPIC, 0, records(1)))
    with pytest.raises(ForeignWriterError, match="appended at 1, expected 0"):
        append(cluster, fence, Append(TOPIC, 0, records(1), is_changelog=True))


def test_a_passing_refusal_is_tried_again(cluster: MockCluster) -> None:
    cluster.fail_next(PRODUCE, NOT_ENOUGH_REPLICAS, NOT_ENOUGH_REPLICAS)
    fence = Fence()
    fence.expect(TOPIC, 1, 0)
    append(cluster, fence, Append(TOPIC, 1, records(2), is_changelog=True))
    assert fence.expected(TOPIC, 1) == 2


@pytest.mark.parametrize("error", [TOPIC_AUTHORIZATION_FAILED, MESSAGE_TOO_LARGE])
def test_a_final_refusal_is_raised(cluster: MockCluster, error: int) -> None:
    cluster.fail_next(PRODUCE, error)
    with pytest.raises(KafkaError):
        append(cluster, Fence(), Append(TOPIC, 0, records(1)))


def test_a_broker_that_stays_away_is_an_error_while_nobody_else_can_own_the_partition(
    cluster: MockCluster,
) -> None:
    async def run() -> None:
        writer = Writer.of(settings_for(cluster), Fence())
        await writer.start()
        await writer.append([Append(TOPIC, 0, records(1))])
        cluster.set_down()
        try:
            with pytest.raises(UndeliveredError, match=r"within 3\.6 s"):
                await writer.append([Append(TOPIC, 0, records(1))])
        finally:
            cluster.set_up()
            await writer.stop()

    asyncio.run(run())


def test_many_records_become_several_batches_in_order(cluster: MockCluster) -> None:
    fence = Fence()
    fence.expect(TOPIC, 0, 0)
    append(cluster, fence, Append(TOPIC, 0, records(30, size=100_000), is_changelog=True))
    assert fence.expected(TOPIC, 0) == 30
