"""What is declared is exported: a metric that nobody sets is a promise on /metrics that nothing keeps."""

import re
from functools import cache
from pathlib import Path

import pytest

import schemas
from schemas import metrics
from schemas.metric import Metric
from schemas.process import Process

ROOT = Path(schemas.__file__).parent.parent
DECLARED = {name: each for name, each in vars(metrics).items() if isinstance(each, Metric)}


@pytest.mark.parametrize(
    ("name", "process"),
    [(name, process) for name, metric in DECLARED.items() for process in metric.processes],
)
def test_every_metric_of_a_process_is_set_by_its_code_or_by_what_all_processes_share(
    name: str, process: Process
) -> None:
    assert name in words(process) | words("runtime")


@cache
def words(package: str) -> frozenset[str]:
    sources = [path.read_text() for path in (ROOT / package).rglob("*.py")]
    return frozenset(word for source in sources for word in re.findall(r"\b[A-Z][A-Z_]+\b", source))
