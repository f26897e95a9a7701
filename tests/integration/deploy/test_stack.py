"""The stack's life as its operator sees it: real Kafka and PostgreSQL, up and down by the command."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from deploy.local.ports import free_base

_READY_SECONDS = 150

pytestmark = pytest.mark.timeout(500)


class Operator:
    """Types commands and reads what they print."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.base = free_base()

    def run(self, command: str, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "deploy.local", command, "--data", str(self.data), *words]
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_READY_SECONDS)

    def up(self) -> subprocess.CompletedProcess[str]:
        return self.run("up", "--servers-only", "--detach", "--port-base", str(self.base))

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("status").stdout)
        return found

    def pids(self) -> dict[str, int]:
        return {process["name"]: process["pid"] for process in self.status()["processes"]}

    def supervisor(self) -> int:
        pid: int = json.loads((self.data / "stack.json").read_text())["supervisor"]["pid"]
        return pid


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    one = Operator(tmp_path / "data")
    yield one
    one.run("down")


def _gone(pids: dict[str, int], seconds: float = 40) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(psutil.pid_exists(pid) for pid in pids.values()):
            return True
        time.sleep(0.05)
    return False


def test_a_second_start_goes_on_with_the_data(operator: Operator) -> None:
    assert operator.up().stdout.splitlines()[-1] == "ready"
    addresses = operator.status()["addresses"]
    with psycopg.connect(addresses["postgres"]) as connection:
        connection.execute("create table kept as select 42 as answer")
    admin = AdminClient({"bootstrap.servers": addresses["kafka"]})
    for future in admin.create_topics([NewTopic("kept", 1, 1)]).values():
        future.result(timeout=10)
    producer = Producer({"bootstrap.servers": addresses["kafka"]})
    producer.produce("kept", b"still here")
    assert producer.flush(10) == 0
    pids = operator.pids()
    assert operator.run("down").returncode == 0
    assert _gone(pids)
    assert operator.status()["ready"] is False

    assert operator.up().returncode == 0

    with psycopg.connect(addresses["postgres"]) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)
    consumer = Consumer(
        {"bootstrap.servers": addresses["kafka"], "group.id": "g", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe(["kept"])
    message = consumer.poll(20)
    consumer.close()
    assert message is not None
    assert message.value() == b"still here"


def test_of_several_ups_one_starts_and_the_others_say_what_runs(operator: Operator) -> None:
    words = ["--data", str(operator.data), "--servers-only", "--port-base", str(operator.base), "--detach"]
    argv = [sys.executable, "-m", "deploy.local", "up", *words]
    both = [subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in "ab"]
    said = [process.communicate(timeout=_READY_SECONDS) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("runs already" in stderr for _, stderr in said) == 1

    before = operator.pids()
    again = operator.up()

    assert again.returncode == 0
    assert f"a stack runs already in {operator.data}" in again.stderr
    assert operator.status()["addresses"]["kafka"] in again.stderr
    assert operator.pids() == before
    assert operator.status()["ready"] is True


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_a_killed_supervisor_leaves_nothing_and_the_next_up_works(operator: Operator) -> None:
    operator.up()
    pids = operator.pids()
    os.kill(operator.supervisor(), signal.SIGKILL)
    assert _gone(pids)
    assert operator.status()["phase"] == "stopped"

    assert operator.up().returncode == 0
    assert operator.status()["ready"] is True
    # The pid files of the killed ones must not stop anybody either.
    pids = operator.pids()
    os.kill(operator.supervisor(), signal.SIGSTOP)
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    os.kill(operator.supervisor(), signal.SIGKILL)
    assert operator.up().returncode == 0


def test_a_taken_port_is_named_before_anything_starts(operator: Operator) -> None:
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", operator.base + 2))
        squatter.listen()
        refused = operator.up()
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1] == (
        f"taken on 127.0.0.1: port {operator.base + 2} (kafka) by pid {os.getpid()} "
        f"({psutil.Process().name()}); stop what listens there, or choose others with --port-base"
    )
    assert not (operator.data / "kafka").exists()


def test_a_full_disk_is_one_line_and_starts_nothing(small_disk: Path) -> None:
    refused = Operator(small_disk / "data").up()
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert line.startswith(f"{small_disk / 'data'} has ")
    assert "make room" in line
    assert not (small_disk / "data" / "kafka").exists()


def test_down_where_nothing_runs_does_nothing(operator: Operator) -> None:
    assert operator.run("down").returncode == 0
    assert operator.run("status").returncode == 1


def test_ctrl_c_stops_all_of_it_in_a_folder_of_any_name(operator: Operator) -> None:
    operator.data = operator.data.with_name("daten für 日本 😀 heute")
    words = ["--data", str(operator.data), "--servers-only", "--port-base", str(operator.base)]
    argv = [sys.executable, "-m", "deploy.local", "up", *words]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert any(line == "ready\n" for line in process.stdout)
        pids = operator.pids()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert _gone(pids)
