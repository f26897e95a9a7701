"""What every test may ask for: real Kafka and PostgreSQL, and a corner of its own in them."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, settings

from tests.running import Running, start_module
from tests.stack import LocalStack, Namespace, start_local_stack

# How busy the machine is says nothing about a property.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


_OWN_FOLDER = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Give the session a temporary folder that no other session touches.

    In the one that pytest would take, the next session that starts closes the folders of all others to
    PostgreSQL, which runs as a user of its own where we are root.
    """
    if config.option.basetemp is None:
        folder = config.stash[_OWN_FOLDER] = Path(mkdtemp(prefix="weir-test-"))
        config.option.basetemp = folder / "pytest"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Leave nothing behind, unless there is something to look into."""
    folder = session.config.stash.get(_OWN_FOLDER, None)
    if folder is not None and exitstatus == pytest.ExitCode.OK:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def local_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Start Kafka and PostgreSQL once a session, or once each of the processes that share its tests."""
    stack = start_local_stack(tmp_path_factory.mktemp("servers"))
    yield stack
    stack.stop()


@pytest.fixture
def namespace(local_stack: LocalStack, tmp_path: Path) -> Iterator[Namespace]:
    """Return a topic prefix, a database with the migrated schema and a data folder that nobody else uses."""
    local_stack.heal()
    corner = local_stack.new_namespace(tmp_path)
    yield corner
    local_stack.heal()
    corner.remove()


@pytest.fixture
def start(namespace: Namespace, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Return a starter of our processes: `start("sinks", "rollups", WEIR_INSTANCE="sinks-a")`.

    All of them end with the test. For *clock* see `start_module`.
    """
    running: list[Running] = []

    def starter(module: str, *words: str, clock: Sequence[float] = (), **environ: str) -> Running:
        settings = {**namespace.environ, **environ}
        running.append(start_module(module, *words, environ=settings, folder=tmp_path / "logs", clock=clock))
        return running[-1]

    yield starter
    for process in running:
        process.kill()
