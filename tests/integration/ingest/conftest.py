"""An ingress with a catalogue, on real Kafka."""

from collections.abc import Callable

import pytest

from tests.integration.ingest.door import Door, facts, publish, topics_of_the_door
from tests.running import Running, free_port
from tests.stack import Namespace


@pytest.fixture
def open_door(namespace: Namespace, start: Callable[..., Running]) -> Callable[..., Door]:
    """Return a starter: topics, catalogue, process, ready."""

    def opener(**environ: str) -> Door:
        namespace.create_topics(*topics_of_the_door())
        publish(namespace, *facts(namespace))
        port = free_port()
        process = start("ingest", WEIR_INGEST_PORT=str(port), **environ)
        process.wait_ready()
        return Door(namespace, process, port)

    return opener


@pytest.fixture
def door(open_door: Callable[..., Door]) -> Door:
    """Return an ingress that is ready."""
    return open_door()
