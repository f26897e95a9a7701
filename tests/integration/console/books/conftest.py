"""The installation that all tests of the books damage, each in a copy of its own."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.console.books.corner import Corner, Past, make_past
from tests.stack import LocalStack


@pytest.fixture(scope="session")
def past(local_stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    made = make_past(local_stack, tmp_path_factory.mktemp("books"), time.time_ns() // 1_000_000)
    yield made
    made.namespace.remove()


@pytest.fixture
def corner(past: Past, tmp_path: Path) -> Corner:
    return past.copy(tmp_path)
