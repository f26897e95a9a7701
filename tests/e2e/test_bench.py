"""`weir bench --smoke` as a user calls it: it works, and its runs are exact; no speed is asserted."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from console.bench.core.rows import BY_NAME, EXACT

pytestmark = [pytest.mark.e2e, pytest.mark.bench, pytest.mark.timeout(600)]


def run_bench(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")}
    return subprocess.run(
        [sys.executable, "-m", "console.cli", "bench", *words, "--json", str(folder / "bench.json")],
        env={**environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )


def test_a_smoke_run_fills_every_row_and_loses_and_doubles_nothing(tmp_path: Path) -> None:
    result = run_bench(tmp_path, "--smoke", "--baselines")
    told = result.stdout + result.stderr
    assert result.returncode == 0, told
    written: dict[str, Any] = json.loads((tmp_path / "bench.json").read_bytes())
    rows = {row["name"]: row for row in written["rows"]}
    assert set(rows) == set(BY_NAME), told
    for row in rows.values():
        assert row["min"] <= row["median"] <= row["max"]
        assert len(row["values"]) >= 1
    assert {name: rows[name]["max"] for name in EXACT} == dict.fromkeys(EXACT, 0)
    spent = written["cpu_us_per_event"]["http-100"]
    assert {"ingest", "processors-1", "sinks", "console", "kafka", "postgres", "generator"} <= set(spent)
    assert "next bottleneck: " in written["profile"]["bottleneck"]
    assert [each["name"] for each in written["baselines"]] == [*["by hand"] * 3, "stock Faust"]
    (floor_us,) = written["request_floor_us"]
    assert floor_us > 0
    assert written["smoke"] is True
    assert str(tmp_path / "bench.json") in result.stderr
    assert "HTTP batches of 100 to rollups and archive" in result.stdout
    assert list(tmp_path.glob("weir-bench-*")) == []


def test_a_bench_that_is_told_to_stop_leaves_nothing_behind(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")}
    argv = [sys.executable, "-m", "console.cli", "bench", "--smoke", "--json", str(tmp_path / "bench.json")]
    bench = subprocess.Popen(
        argv, env={**environ, "TMPDIR": str(tmp_path)}, stderr=subprocess.PIPE, text=True
    )
    assert bench.stderr is not None
    assert any("measuring batches of 100" in line for line in bench.stderr)
    bench.terminate()
    bench.communicate(timeout=120)
    assert bench.returncode == 130
    assert list(tmp_path.glob("weir-bench-*")) == []
    assert not [p for p in psutil.process_iter() if str(tmp_path / "weir-bench-") in words_of(p)]


def words_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def test_a_row_that_is_not_there_is_refused_before_anything_starts(tmp_path: Path) -> None:
    result = run_bench(tmp_path, "--only", "http-7")
    assert result.returncode == 2
    assert "there is no row http-7" in result.stderr
    assert not (tmp_path / "bench.json").exists()
