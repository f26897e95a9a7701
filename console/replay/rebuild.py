"""`weir replay`: what is stored, made once more in a schema of its own, and held against what is live."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from console.books.core.manifest import next_offsets
from console.catalog.current import current_catalog
from console.mirror.proof import hash_tables, mirror_tables
from console.replay.live import Live, look
from console.replay.mirror import MirrorReplay
from console.replay.mirror_source import archived, logged
from console.replay.rest import Resting
from console.replay.room import make_room
from console.replay.usage import UsageReplay, law_of
from console.replay.usage_source import UsageSource
from console.replay.verdicts import VerdictSource, hash_verdicts
from console.table_hash import TableHash
from console.usage.proof import hash_usage, usage_tables
from runtime.postgres import Connection, connect
from runtime.settings import Settings
from schemas.catalog import Catalog
from schemas.stamp import offset_of
from schemas.topics import STRIPE, USAGE

#: What the statements write beside what is hashed.
BESIDE: Final = ("progress", "stripe_doubts", "webhook_failures", "mirror_progress")


class Replayed(NamedTuple):
    """One table, made once more."""

    table: str
    rows: int
    sha256: str
    #: Of the table that is live.
    live_sha256: str
    #: Whether the live one was a function of the log alone when it was looked at.
    is_at_rest: bool = True

    @property
    def is_equal(self) -> bool:
        """Say whether the two say the same."""
        return self.sha256 == self.live_sha256


class Rebuilt(NamedTuple):
    """All tables, and what a reader has to know of them."""

    tables: Sequence[Replayed]
    notes: Sequence[str]


#: Hears of how many records of a topic (short name) were applied.
Tell = Callable[[str, int], None]


def rebuild(
    settings: Settings,
    schema: str,
    tell: Tell,
    order: Callable[[Iterable[int]], Iterable[int]] = sorted,
) -> Rebuilt:
    """Make everything in *schema*, which is made or empty.

    *order* is that of the partitions of usage, and changes nothing. Raises Reject, TryAgain, Misconfigured.
    """
    catalog = current_catalog(settings)
    resting = Resting(settings)
    with connect(settings, "replay", autocommit=True) as connection:
        live = look(connection, catalog)
        is_at_rest = resting.held(live)
        make_room(connection, schema, [*usage_tables(), *mirror_tables(), *BESIDE])
        verdicts, notes = _replay_usage(settings, connection, catalog, live, tell, order)
        _replay_mirror(settings, connection, live, resting, tell)
        usage, mirror = hash_usage(connection, catalog), hash_tables(connection, None)
    if not is_at_rest:
        notes.append(f"{STRIPE.name} is not at rest: what is on its way may be in one mirror alone")
    tables = [
        *(_beside(*pair, is_at_rest=True) for pair in zip(usage, live.usage, strict=True)),
        *verdicts,
        *(_beside(*pair, is_at_rest=is_at_rest) for pair in zip(mirror, live.mirror, strict=True)),
    ]
    return Rebuilt(tables, notes)


def _replay_usage(
    settings: Settings,
    connection: Connection,
    catalog: Catalog,
    live: Live,
    tell: Tell,
    order: Callable[[Iterable[int]], Iterable[int]],
) -> tuple[list[Replayed], list[str]]:
    """Make the tables of usage up to where *live* speaks.

    Return the verdicts, which are in no table, and what a reader has to know.
    """
    ground, stamps = live.usage_ground, live.usage_to
    source = UsageSource(settings, ground.files, ground.generation, live.usage_lost)
    notes = [
        f"{USAGE.name}/{hole.partition}: offsets {hole.first_offset} to {hole.last_offset} are neither in "
        "the archive nor on the log any more"
        for partition, stamp in stamps.items()
        for hole in source.missing(partition, stamp)
    ]
    if beyond := source.beyond(stamps):
        notes.append(f"{USAGE.name}: {beyond} records came later than what is stored, and are left out")
    law = law_of(settings, catalog, ground.partitions or settings.partitions)
    with tempfile.TemporaryDirectory(prefix="weir-replay-") as folder:
        replay = UsageReplay(connection, law, source, Path(folder), lambda number: tell(USAGE.name, number))
        replay.replay({partition: stamps[partition] for partition in order(stamps)})
    if len(ground.generations) > 1:
        notes.append(f"{USAGE.name} was made anew: its verdicts do not say of which one they speak")
        return [], notes
    source_of_verdicts = VerdictSource(settings, live.verdicts_ground.files, live.verdicts_ground.generation)
    spoken = {
        partition: source_of_verdicts.read(partition, offset_of(stamp)) for partition, stamp in stamps.items()
    }
    return [_beside(hash_verdicts(replay.verdicts), hash_verdicts(spoken), is_at_rest=True)], notes


def _replay_mirror(
    settings: Settings, connection: Connection, live: Live, resting: Resting, tell: Tell
) -> None:
    ground = live.mirror_ground
    archived_to = next_offsets(ground.files, ground.generation)
    pieces = chain(
        archived(settings, ground.files), logged(settings, ground.generation, archived_to, resting.ends)
    )
    MirrorReplay(connection, lambda number: tell(STRIPE.name, number)).replay(pieces)


def _beside(made: TableHash, live: TableHash, *, is_at_rest: bool) -> Replayed:
    return Replayed(made.table, made.rows, made.sha256, live.sha256, is_at_rest)
