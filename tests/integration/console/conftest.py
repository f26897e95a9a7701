"""What the console's tests share: a connection, the command, a relay and a read API, and instants."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from console.control.tenants import create_tenant
from console.control.topics import apply_topics
from console.watch.relay import Relay
from deploy.local.ports import free_port
from runtime.catalog import CatalogFollower
from runtime.health import Health
from runtime.metrics import Metrics
from runtime.postgres import Connection, connect
from runtime.settings import Settings
from runtime.version import build
from schemas.process import CONSOLE
from tests.integration.console.api import Client, client_of, this_hour_ms
from tests.integration.console.command import Command
from tests.integration.console.shipped import apply_shipped
from tests.running import Running
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


@pytest.fixture
def address(settings: Settings, connection: Connection, start: Callable[..., Running]) -> str:
    """Return where a read API listens that has the shipped meters, and two tenants."""
    assert not apply_topics(settings, connection).findings
    apply_shipped(connection)
    create_tenant(connection, "acme")
    create_tenant(connection, "globex")
    port = free_port()
    start("console", "api", WEIR_CONSOLE_PORT=str(port)).wait_ready()
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def acme(address: str, connection: Connection) -> Client:
    return client_of(connection, address, "acme")


@pytest.fixture
def hour() -> int:
    return this_hour_ms()


@pytest.fixture
def midmonth() -> int:
    """Return noon of the newest 14th that is over: within 35 days, and far from both ends of its month."""
    today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    month = today if today.day > 14 else today.replace(day=1) - timedelta(days=1)
    return int(month.replace(day=14).timestamp() * 1000)
