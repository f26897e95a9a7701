"""An ingress with a catalogue, on real Kafka."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.ports import free_port
from tests.integration.ingest.door import Door, facts, publish, topics_of_the_door
from tests.running import Running, start_module
from tests.stack import LocalStack, Namespace


@pytest.fixture
def open_door(namespace: Namespace, start: Callable[..., Running]) -> Callable[..., Door]:
    """Return a starter: topics, catalogue, process, ready."""

    def opener(*, clock: Sequence[float] = (), **environ: str) -> Door:
        namespace.create_topics(*topics_of_the_door())
        publish(namespace, *facts(namespace))
        port = free_port()
        process = start("ingest", clock=clock, WEIR_INGEST_PORT=str(port), **environ)
        process.wait_ready()
        return Door(namespace, process, port)

    return opener


@pytest.fixture
def door(open_door: Callable[..., Door]) -> Door:
    """Return an ingress of one's own, which a test may kill."""
    return open_door()


@pytest.fixture(scope="module")
def shared_door(local_stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Return an ingress for all tests of a file that only talk to it."""
    with _opened(local_stack, tmp_path_factory.mktemp("door"), "WEIR_INGEST_PORT") as door:
        yield door


@pytest.fixture(scope="module")
def shared_checks(local_stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Return a process for checks, for all tests of a file that only talk to it."""
    with _opened(local_stack, tmp_path_factory.mktemp("checks"), "WEIR_CHECKS_PORT", "checks") as door:
        yield door


@contextmanager
def _opened(local_stack: LocalStack, folder: Path, port_setting: str, *words: str) -> Iterator[Door]:
    local_stack.heal()
    namespace = local_stack.new_namespace(folder)
    namespace.create_topics(*topics_of_the_door())
    publish(namespace, *facts(namespace))
    port = free_port()
    environ = {**namespace.environ, port_setting: str(port)}
    process = start_module("ingest", *words, environ=environ, folder=folder / "logs")
    process.wait_ready()
    yield Door(namespace, process, port)
    process.kill()
    namespace.remove()
