"""The simulation can fail: each of these breaks a rule of the product, and some seed shows it."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from ingest.core.packing import Ticket
from processors.usage.core import count
from processors.usage.core.stamping import FirstPass
from processors.usage.core.table import UsageTable
from processors.usage.restore import SeenLog
from schemas.instant import DAY_MS
from sinks.rollups.core.pending import Pending
from sinks.rollups.core.row import Row
from tests.simulation.world import BrokenPromiseError, World

_SEEDS = range(1, 9)
_STEPS = 3_000
#: Covers every row.
_EVERYTHING = 1 << 62

_add, _close = Pending.add, UsageTable.close


def _add_covered(pending: Pending, rows: Iterable[Row], next_offset: int) -> None:
    pending.cover(_EVERYTHING)
    _add(pending, rows, next_offset)


def _close_early(table: UsageTable, record_time_ms: int) -> None:
    _close(table, record_time_ms + DAY_MS)


def _run_all(folder: Path) -> None:
    for seed in _SEEDS:
        World(seed, folder / str(seed)).run(_STEPS)


class Mutation(NamedTuple):
    says: str
    owner: object
    name: str
    instead: Callable[..., object]


MUTATIONS = (
    Mutation("a 2xx comes with the first of several packs", Ticket, "pack_done", Ticket.settle),
    Mutation("a replayed record counts again", count, "stamping", FirstPass),
    Mutation("a restart forgets which ids counted", SeenLog, "add", lambda *_: None),
    Mutation("rows do not wait for their progress", Pending, "add", _add_covered),
    Mutation("windows close while they still count", UsageTable, "close", _close_early),
)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.says.replace(" ", "-"))
def test_a_broken_rule_is_found(mutation: Mutation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mutation.owner, mutation.name, mutation.instead)
    with pytest.raises(BrokenPromiseError, match=r"again: make simulate SEED=\d"):
        _run_all(tmp_path)
