"""`python -m console`: it waits for what is not there yet, does both parts at once, and ends cleanly."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable

import pytest

from console.control.keys import create_key
from console.control.tenants import create_tenant
from console.control.topics import apply_topics
from deploy.local.ports import free_port
from runtime.catalog import CatalogFollower
from runtime.postgres import Connection
from runtime.settings import Settings
from tests.integration.console.api import Client
from tests.running import Running
from tests.stack import Namespace
from tests.waiting import until

pytestmark = pytest.mark.integration

StartProcess = Callable[..., Running]


def test_one_process_relays_exports_and_answers(
    settings: Settings, connection: Connection, start: StartProcess, follower: CatalogFollower
) -> None:
    port = free_port()
    console = start("console", WEIR_CONSOLE_PORT=str(port))
    assert not apply_topics(settings, connection).findings
    console.wait_ready()

    create_tenant(connection, "acme")
    key, _ = create_key(connection, "acme", ["read"], bytes(32))
    until(lambda: follower.catalog.key(key.key_hash.hex()))

    assert Client(f"http://127.0.0.1:{port}", key.text).get("/v1/usage").status == 200
    with urllib.request.urlopen(f"{console.health}/metrics", timeout=10) as answer:  # noqa: S310
        metrics = answer.read().decode()
    for name in (
        "weir_consumer_lag_messages",
        "weir_time_to_data_loss_seconds",
        "weir_topic_end_offset",
        "weir_conservation_gap_events 0.0",
        'weir_clock_offset_seconds{reference="postgres"}',
        "weir_dlq_depth",
        "weir_build_info",
    ):
        assert name in metrics
    assert key.text not in console.log

    assert console.terminate() == 0
    assert "process.stopped" in console.log


def test_it_lives_without_topics_and_says_what_it_lacks(start: StartProcess) -> None:
    console = start("console", "watch")

    def answers(path: str) -> int:
        try:
            with urllib.request.urlopen(console.health + path, timeout=5) as answer:  # noqa: S310
                json.load(answer)
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    until(lambda: answers("/livez") == 200)
    until(lambda: answers("/readyz") == 200)
    assert console.exit_code is None
    assert console.terminate() == 0


@pytest.mark.parametrize(
    ("words", "environ", "said"),
    [
        (["shop"], {}, "shop is no part of it: choose from api, watch"),
        ([], {"WEIR_POSTGRES": ""}, "WEIR_POSTGRES is not set"),
    ],
)
def test_called_wrongly_it_is_exit_2_and_one_line(
    namespace: Namespace, words: list[str], environ: dict[str, str], said: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "console", *words],
        env={**namespace.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_taken_port_is_exit_2_and_names_the_setting(namespace: Namespace, start: StartProcess) -> None:
    port = str(free_port())
    start("console", "api", WEIR_CONSOLE_PORT=port, WEIR_INSTANCE="first").wait_ready()
    ended = subprocess.run(
        [sys.executable, "-m", "console", "api"],
        env={**namespace.environ, "WEIR_CONSOLE_PORT": port},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "set WEIR_CONSOLE_PORT" in ended.stderr.splitlines()[-1]
