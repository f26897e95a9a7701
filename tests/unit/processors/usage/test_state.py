"""What a partition writes although nothing comes."""

from pathlib import Path

import pytest

from processors.stream.core.records import NewRecord
from processors.stream.writer import Fence
from processors.usage.core.horizon import Horizon
from processors.usage.core.partition import UsagePartition
from processors.usage.core.quota_table import QuotaTable
from processors.usage.core.seen_index import SeenIndex
from processors.usage.observe import Observer
from processors.usage.row_store import RowStore
from processors.usage.seen_store import SeenStore
from processors.usage.state import Outputs, Owed, Stores, UsageState
from runtime.metrics import Metrics
from runtime.version import Build
from schemas.catalog import Catalog
from schemas.instant import HOUR_MS
from schemas.process import PROCESSORS
from schemas.rollup import Progress
from schemas.stamp import stamp_of
from tests.unit.processors.usage.durable import IDENTITY, new_table

OUTPUTS = Outputs("rollups", "quotas", "seen", "verdicts", "alerts", "dead-letters")
NOW_MS = 1_763_726_400_000
ROW = NewRecord(b"row", b"1", NOW_MS)
QUOTA = NewRecord(b"quota", b"1", NOW_MS)


def state(tmp_path: Path, owed: Owed, progress: Progress | None) -> UsageState:
    quotas = QuotaTable(IDENTITY.partition)
    table = new_table(Catalog(), quotas)
    horizon = Horizon(HOUR_MS)
    partition = UsagePartition(IDENTITY, table, quotas, SeenIndex(64), horizon, progress)
    stores = Stores(
        SeenStore(tmp_path / "seen", "T", 1),
        RowStore(tmp_path / "rows", "T", 1),
        RowStore(tmp_path / "q", "T", 1),
    )
    observer = Observer(Metrics(PROCESSORS, Build("", "", "")), "test", 1)
    return UsageState(partition, 8, stores, OUTPUTS, Fence(), Catalog, observer, owed)


def written(state: UsageState, now_ms: int) -> list[tuple[str, bytes]]:
    """Return topic and key of what a heartbeat writes."""
    flush = state.heartbeat(now_ms)
    if flush is None:
        return []
    appends = [append for step in flush.steps for append in step]
    return [(append.topic, record.key) for append in appends for record in append.records]


@pytest.mark.parametrize("progress", [None, Progress(stamp_of(1, 7), NOW_MS, 1)])
def test_what_is_owed_is_written_once_although_nothing_comes(
    tmp_path: Path, progress: Progress | None
) -> None:
    partition = state(tmp_path, Owed([ROW], [QUOTA], []), progress)
    assert written(partition, NOW_MS) == [("quotas", b"quota"), ("rollups", b"row")]
    assert written(partition, NOW_MS + 1) == []


def test_progress_is_repeated_after_an_idle_hour(tmp_path: Path) -> None:
    partition = state(tmp_path, Owed([], [], []), Progress(stamp_of(1, 7), NOW_MS, 1))
    assert written(partition, NOW_MS) == []
    assert written(partition, NOW_MS + HOUR_MS - 1) == []
    assert [topic for topic, _ in written(partition, NOW_MS + HOUR_MS)] == ["rollups", "verdicts"]
    assert written(partition, NOW_MS + HOUR_MS + 1) == []
