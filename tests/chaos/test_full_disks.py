"""A full disk under each that writes: no promise that cannot be kept, and room is all that it takes."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import psycopg
import pytest

from console.generator.sender import Sluice
from deploy.local.postgres import Cluster
from tests.chaos.arena import Arena, arena_in
from tests.disks import Disk, disk_at

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

#: As far as it goes: a disk takes memory for what is on it alone.
_SIZE_BYTES = 4 * 2**30
_EVENTS = 30_000
_FULL = "No space left on device"


@pytest.fixture(scope="module")
def disks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Disk]]:
    """Mount a disk each for Kafka, PostgreSQL and the archive."""
    folder = tmp_path_factory.mktemp("disks") / "weir"
    with ExitStack() as mounted:
        yield {
            name: mounted.enter_context(disk_at(folder / name, _SIZE_BYTES))
            for name in ("kafka", "postgres", "archive")
        }


@pytest.fixture(scope="module")
def arena(disks: Mapping[str, Disk]) -> Iterator[Arena]:
    """Start a stack on *disks*."""
    with arena_in(disks["kafka"].folder.parent, workers=1) as running:
        yield running


def write_ahead(arena: Arena) -> None:
    """Write into PostgreSQL's log until it has no room for more."""
    port = int(arena.settings.postgres.rpartition(":")[2].partition("/")[0])
    with psycopg.connect(Cluster(arena.folder, port).admin_dsn, autocommit=True) as admin:
        while True:
            admin.execute("select pg_logical_emit_message(true, 'x', repeat('x', 1000000))")


def test_full_disks_under_kafka_the_archive_and_postgres(
    arena: Arena, disks: Mapping[str, Disk], seed: int
) -> None:  # 20
    sluice = Sluice()
    sluice.open_to(_EVENTS // 3)
    with arena.load(seed, _EVENTS, sluice=sluice) as traffic:
        disks["kafka"].fill()
        sluice.open_to(_EVENTS)
        arena.wait(lambda: traffic.without_answer > 0)
        told = traffic.events
        disks["kafka"].free()
        arena.wait(lambda: traffic.events > told)  # nobody's hand was needed

        disks["archive"].fill()
        arena.wait(lambda: _FULL in arena.log("sinks"))
        without = traffic.without_answer
        disks["archive"].free()

        disks["postgres"].fill()
        with pytest.raises(psycopg.OperationalError):
            write_ahead(arena)
        arena.wait(lambda: "PANIC" in arena.log("postgres") and _FULL in arena.log("postgres"))
        disks["postgres"].free()
    # The ingress needs Kafka alone.
    assert traffic.without_answer == without
