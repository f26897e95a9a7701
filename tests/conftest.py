"""What every test may ask for: real Kafka and PostgreSQL, and a corner of its own in them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.running import Running, start_module
from tests.stack import LocalStack, Namespace, open_folder, start_local_stack

# How busy the machine is says nothing about a property.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def local_stack() -> Iterator[LocalStack]:
    """Start Kafka and PostgreSQL once a session, on free ports and in a folder that goes with it."""
    with open_folder() as folder:
        stack = start_local_stack(folder)
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

    All of them end with the test.
    """
    running: list[Running] = []

    def starter(module: str, *words: str, **environ: str) -> Running:
        running.append(
            start_module(module, *words, environ={**namespace.environ, **environ}, folder=tmp_path / "logs")
        )
        return running[-1]

    yield starter
    for process in running:
        process.kill()
