"""What `weir status` says of hot keys is what the processors' metrics say, added up."""

from pathlib import Path

from prometheus_client import generate_latest

from console.cli.hot_keys import Hot, hot_keys
from processors.usage.core.hot_keys import HotKey
from processors.usage.hot_keys import HotKeyReport
from runtime.metrics import Metrics
from runtime.version import build
from schemas.process import PROCESSORS


def page(folder: Path, name: str, *hot: HotKey) -> str:
    """Write the metrics of a processor, and return their address."""
    metrics = Metrics(PROCESSORS, build())
    HotKeyReport(metrics).found(0, hot, 0)
    path = folder / name
    path.write_bytes(generate_latest(metrics.registry))
    return path.as_uri()


def test_numbers_are_added_up_and_the_largest_share_counts(tmp_path: Path) -> None:
    one = page(tmp_path, "one", HotKey("acme", "c-1", 0.5), HotKey("acme", "c-2", 0.25))
    other = page(tmp_path, "other", HotKey("acme", "c-3", 0.75), HotKey("acme", "", 0.9))
    away = (tmp_path / "away").as_uri()
    assert hot_keys([one, away, other]) == {"customer": Hot(3, 0.75), "tenant": Hot(1, 0.9)}
    assert hot_keys([page(tmp_path, "quiet")]) == {"customer": Hot(), "tenant": Hot()}
