import os
import secrets
import sys
from pathlib import Path

import pytest

from tests.simulation.seeds import SEEDS, STEPS, Known
from tests.simulation.world import World

_SEEDS = 10**9


@pytest.mark.parametrize("known", SEEDS, ids=lambda known: known.seed)
def test_a_known_seed_keeps_every_promise(known: Known, tmp_path: Path) -> None:
    World(known.seed, tmp_path).run(known.steps)


def test_a_new_seed_keeps_every_promise(tmp_path: Path) -> None:
    seed = int(os.environ.get("WEIR_SIMULATION_SEED") or secrets.randbelow(_SEEDS))
    steps = int(os.environ.get("WEIR_SIMULATION_STEPS") or STEPS)
    print(f"simulation: make simulate SEED={seed} STEPS={steps}", file=sys.__stderr__, flush=True)
    World(seed, tmp_path).run(steps)
