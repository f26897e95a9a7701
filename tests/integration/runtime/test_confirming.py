"""What a record's confirmation is worth, whatever became of those behind it."""

import asyncio

import pytest
from confluent_kafka import Producer

from runtime.broker import Broker
from runtime.confirming import Confirming
from runtime.kafka import producer_config
from runtime.settings import Settings
from tests.mock_cluster import NOT_LEADER, PRODUCE, mock_cluster

pytestmark = pytest.mark.integration

TOPIC = "stripe"
#: So large that librdkafka puts no second one into a batch.
A_BATCH = b"x" * 600_000


def produced(settings: Settings, *values: bytes) -> list[str | None]:
    """Produce *values* one behind the other; return what became of each."""

    async def run() -> list[str | None]:
        confirming = Confirming(Producer(producer_config(settings, "test", linger_ms=0)))
        return await asyncio.gather(*(confirming.produce(TOPIC, value, 0, []) for value in values))

    return asyncio.run(run())


def test_a_record_that_is_refused_is_not_confirmed_by_the_one_behind_it() -> None:
    with mock_cluster() as cluster:
        cluster.create_topic(TOPIC)
        settings = Settings.load({"WEIR_KAFKA": cluster.address})
        # Both are on their way before the first is answered.
        cluster.answer_after(500)
        cluster.fail_next(PRODUCE, NOT_LEADER)

        assert produced(settings, A_BATCH, A_BATCH) == ["_NO_OFFSET", None]
        assert Broker.of(settings).ends(TOPIC, 1) == {0: 1}
