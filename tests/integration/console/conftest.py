"""What the console's tests share: a connection, topics, the command, and a relay that runs."""

import threading
from collections.abc import Callable, Iterator

import pytest

from console.watch.relay import Relay
from runtime.catalog import CatalogFollower
from runtime.health import Health
from runtime.metrics import Metrics
from runtime.postgres import Connection, connect
from runtime.settings import Settings
from runtime.version import build
from schemas.process import CONSOLE
from tests.integration.console.command import Command
from tests.stack import Namespace


@pytest.fixture
def settings(namespace: Namespace) -> Settings:
    return namespace.settings()


@pytest.fixture
def connection(settings: Settings) -> Iterator[Connection]:
    with connect(settings, "test", autocommit=True) as opened:
        yield opened


@pytest.fixture
def relay(settings: Settings) -> Iterator[Callable[[], Health]]:
    """Start a relay at each call; all stop with the test."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def start() -> Health:
        health = Health()
        worker = Relay(settings, Metrics(CONSOLE, build()), health)
        threads.append(threading.Thread(target=worker.run, args=(stop,), daemon=True))
        threads[-1].start()
        return health

    yield start
    stop.set()
    for thread in threads:
        thread.join(15)
        assert not thread.is_alive()


@pytest.fixture
def follower(settings: Settings) -> Iterator[CatalogFollower]:
    """Follow the catalogue as the ingress and the processors do."""
    with CatalogFollower(settings) as following:
        yield following


@pytest.fixture
def weir(
    namespace: Namespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    for name, value in namespace.environ.items():
        monkeypatch.setenv(name, value)
    return Command(capsys)
