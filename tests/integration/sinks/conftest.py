"""What the sinks' tests share: tables, topics, a connection, and a writer in the processor's place."""

from collections.abc import Iterator

import pytest

from console.control.topics import apply_topics
from runtime.postgres import Connection, connect
from runtime.settings import Settings
from sinks.sql import migrate
from tests.integration.sinks.packs import Packs
from tests.integration.sinks.processor import Processor
from tests.integration.sinks.webhooks import Stripe
from tests.stack import Namespace


@pytest.fixture
def settings(namespace: Namespace) -> Settings:
    return namespace.settings()


@pytest.fixture
def database(settings: Settings) -> Iterator[Connection]:
    """Return a connection to a migrated database whose topics are applied."""
    migrate(settings.postgres)
    with connect(settings, "test", autocommit=True) as connection:
        assert not apply_topics(settings, connection).findings
        yield connection


@pytest.fixture
def processor(database: Connection, settings: Settings) -> Processor:
    """Return a writer of rollups; the topics are there."""
    assert not database.closed
    return Processor(settings)


@pytest.fixture
def packs(database: Connection, settings: Settings) -> Packs:
    """Return a writer of usage; the topics are there."""
    assert not database.closed
    return Packs(settings)


@pytest.fixture
def stripe(database: Connection, settings: Settings) -> Stripe:
    """Return a writer; the topics are there."""
    assert not database.closed
    return Stripe(settings)
