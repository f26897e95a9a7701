"""What `weir status` says of the canary is what the console's metrics say."""

from pathlib import Path

from prometheus_client import generate_latest

from console.cli.canary import LastRound, in_words, last_round_of
from console.cli.samples import samples
from runtime.metrics import Metrics
from runtime.version import build
from schemas.metrics import CANARY_FAILING, CANARY_INTERVAL, CANARY_LAST_STAGE, CANARY_LAST_SUCCESS
from schemas.process import CONSOLE


def last_round(folder: Path, metrics: Metrics) -> LastRound | None:
    path = folder / "metrics"
    path.write_bytes(generate_latest(metrics.registry))
    return last_round_of(samples(path.as_uri()), now=1_000.0)


def test_the_last_round_in_one_line(tmp_path: Path) -> None:
    metrics = Metrics(CONSOLE, build())
    assert last_round(tmp_path, metrics) is None

    metrics.gauge(CANARY_INTERVAL).set(10)
    young = last_round(tmp_path, metrics)
    assert young is not None
    assert in_words(young) == "no round was right yet"

    for stage, seconds in (("accepted", 0.003), ("quota", 0.024), ("stored", 0.15)):
        metrics.gauge(CANARY_LAST_STAGE).labels(stage).set(seconds)
    metrics.gauge(CANARY_LAST_SUCCESS).set(996)
    well = last_round(tmp_path, metrics)
    assert well is not None
    assert in_words(well) == "last right 4 s ago: accepted 3 ms, quota 24 ms, stored 150 ms"

    metrics.gauge(CANARY_FAILING).labels("stored", "wrong").set(1)
    ill = last_round(tmp_path, metrics)
    assert ill is not None
    assert in_words(ill).startswith("FAILS: wrong at stored; last right 4 s ago")
