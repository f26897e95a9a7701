"""The consumer: what it takes over from Faust, and what it does not."""

import asyncio
import logging
from pathlib import Path
from unittest import mock

import pytest
from faust.types import TP

from processors.app import build_faust
from processors.stream.pace import Pace
from processors.stream.transport import PositionedConsumer, PositionedTransport
from runtime.settings import Settings


def test_nothing_is_said_of_a_partition_that_is_only_idle(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    idle = TP("weir.usage", 0)

    async def check() -> None:
        settings = Settings.load({"WEIR_KAFKA": "nowhere:1", "WEIR_DATA": str(tmp_path)})
        app = build_faust(settings, "usage")
        app.transport = PositionedTransport(app, idle.topic, mock.AsyncMock(), Pace())
        told = mock.AsyncMock()
        consumer = PositionedConsumer(
            app.transport, told, on_partitions_revoked=told, on_partitions_assigned=told
        )
        with mock.patch.object(consumer, "assignment", return_value={idle}):
            await consumer.verify_all_partitions_active()
        # Of a thread that is never started.
        consumer._thread.thread_loop.close()  # noqa: SLF001

    with caplog.at_level(logging.WARNING):
        asyncio.run(check())
    assert not caplog.records
