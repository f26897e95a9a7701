"""`weir up` as its user meets it: everything comes up, stays up, and goes down."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.local.ports import free_base

pytestmark = pytest.mark.e2e

_OURS = ("ingest", "checks", "processors-1", "processors-2", "sinks", "console")


class _User:
    def __init__(self, data: Path) -> None:
        self.data = data

    def weir(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "console.cli", *words, "--data", str(self.data)]
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=200)

    def processes(self) -> dict[str, dict[str, Any]]:
        status = json.loads(self.weir("status", "--format", "json").stdout)
        return {process["name"]: process for process in status["processes"]}

    def all_running_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.weir("status").returncode == 0:
                return True
            time.sleep(0.2)
        return False


@pytest.fixture
def user(tmp_path: Path) -> Iterator[_User]:
    one = _User(tmp_path / "data")
    yield one
    one.weir("down")


def test_every_killed_process_comes_back_and_down_leaves_nothing(user: _User) -> None:
    up = user.weir("up", "--detach", "--workers", "2", "--port-base", str(free_base(2)))
    assert up.returncode == 0, up.stderr
    assert "ready" in up.stdout.splitlines()
    before = user.processes()
    assert set(before) == {"kafka", "postgres", *_OURS}

    for name in _OURS:
        os.kill(before[name]["pid"], signal.SIGKILL)

    assert user.all_running_within(60)
    after = user.processes()
    assert {name: after[name]["restarts"] for name in _OURS} == dict.fromkeys(_OURS, 1)
    assert after["kafka"] == before["kafka"]
    assert user.weir("down").returncode == 0
    left = [process["pid"] for process in after.values() if psutil.pid_exists(process["pid"])]
    assert left == []
    assert user.weir("status").returncode == 1
