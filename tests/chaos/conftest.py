"""One stack for all faults, and the seed that they draw from."""

import os
import random
import secrets
from collections.abc import Iterator

import pytest

from tests.chaos.arena import Arena, arena_in, tell

_SEEDS = 10**6


@pytest.fixture(scope="session")
def seed() -> int:
    """Return WEIR_CHAOS_SEED, or a new one; it is printed either way."""
    chosen = int(os.environ.get("WEIR_CHAOS_SEED") or secrets.randbelow(_SEEDS))
    tell(f"seed: WEIR_CHAOS_SEED={chosen}")
    return chosen


@pytest.fixture
def draw(seed: int, request: pytest.FixtureRequest) -> random.Random:
    """Return this test's own draw: the same for the same seed, whichever tests run beside it."""
    return random.Random(f"{seed}/{request.node.name}")


@pytest.fixture(scope="package")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """Start the stack once, with two processors."""
    with arena_in(tmp_path_factory.mktemp("chaos") / "weir") as running:
        yield running
        tell(f"{running.kills} kills survived")
