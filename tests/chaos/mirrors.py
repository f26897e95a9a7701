"""Is every webhook on record that was answered, and the mirror what the stories end in, as without faults?"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from psycopg.sql import SQL, Identifier

from console.demo.stripe_sender import Sender
from console.mirror.proof import hash_tables, mirror_tables
from console.replay.mirror import MirrorReplay
from console.replay.mirror_source import Piece
from console.replay.rebuild import BESIDE, rebuild
from console.replay.room import make_room
from console.table_hash import TableHash
from runtime.postgres import Connection, connect
from runtime.settings import Settings
from schemas.topics import BILLING, MIRROR, STRIPE, topic_name
from sinks.mirror.core.tables import TABLES
from tests.stripe.stories import Story
from tests.unit.processors.billing.mirror_of import record_of, row_of

_RECORDED = """
select tenant, event_id, first, found.repeats, found.conflicts, known.repeats, known.conflicts
from (
    select tenant, event_id, count(*) filter (where sighting = 'first') as first,
        count(*) filter (where sighting = 'repeat') as repeats,
        count(*) filter (where sighting = 'conflict') as conflicts
    from webhook_deliveries
    where tenant = any(%(tenants)s)
    group by tenant, event_id
) found
full join (select * from webhook_events where tenant = any(%(tenants)s)) known using (tenant, event_id)
"""


def record_faults(connection: Connection, settings: Settings, sender: Sender) -> Iterator[str]:
    """Yield what the record of *sender*'s webhooks has too little, too much or otherwise.

    An attempt that had no 2xx may be on record or not.
    """
    tenants = sorted({tenant for tenant, _ in sender.sent})
    found = connection.execute(_RECORDED, {"tenants": tenants}).fetchall()
    recorded = {(tenant, event_id): counts for tenant, event_id, *counts in found}
    for key in recorded.keys() - sender.sent.keys():
        yield f"{key} is on record and was never sent"
    for key, attempts in sender.sent.items():
        first, repeats, conflicts, *known = recorded.get(key, [0, 0, 0, 0, 0])
        if not sender.answered[key] <= first + repeats <= attempts:
            yield f"{key}: {sender.answered[key]} of {attempts} answered, {first} + {repeats} on record"
        if first > 1 or conflicts or known != [repeats, 0]:
            yield f"{key}: {first} first, {repeats} repeats, {conflicts} conflicts, and known are {known}"
    topics = [topic_name(settings.topic_prefix, topic) for topic in (STRIPE, MIRROR, BILLING)]
    for letter in connection.execute(
        "select stage, reason from dead_letters where topic = any(%s)", [topics]
    ):
        yield f"a dead letter of webhooks: {letter}"
    for failure in connection.execute("select event_id, error from webhook_failures"):
        yield f"not handled: {failure}"


def mirror_faults(connection: Connection, settings: Settings, told: Mapping[str, Story]) -> Iterator[str]:
    """Yield where the mirror of a tenant is not what its story ends in, or not what it is without faults."""
    stories = {id(story): story for story in told.values()}
    calm = _calm_hashes(settings, stories)
    for tenant, story in told.items():
        for found, expected in zip(hash_tables(connection, tenant), calm[id(story)], strict=True):
            if found != expected:
                yield f"{tenant}: {found} is {expected} without faults"
        # Where the hashes are equal, one tenant of each story speaks for all.
        if stories.pop(id(story), None) is not None:
            yield from (f"{tenant}: {fault}" for fault in _untrue(connection, tenant, story))


def replay_faults(settings: Settings) -> Iterator[str]:
    """Yield which tables `weir replay` makes otherwise than they are."""
    with _scratch(settings) as (_, schema):
        for table in rebuild(settings, schema, lambda *_: None).tables:
            if not table.is_equal:
                yield f"{table} is another one when it is replayed"


def _calm_hashes(settings: Settings, stories: Mapping[int, Story]) -> Mapping[int, list[TableHash]]:
    """Return the hashes of each story's mirror as the pure reducers make it, of its events in their order."""
    pieces = [
        Piece(
            1, nth, [record_of(event, offset, tenant=str(key)) for offset, event in enumerate(story.events)]
        )
        for nth, (key, story) in enumerate(stories.items())
    ]
    with _scratch(settings) as (connection, schema):
        make_room(connection, schema, [*mirror_tables(), *BESIDE])
        MirrorReplay(connection, lambda _: None).replay(pieces)
        return {key: hash_tables(connection, str(key)) for key in stories}


def _untrue(connection: Connection, tenant: str, story: Story) -> Iterator[str]:
    """Yield what Stripe would answer otherwise than the mirror has it, where that calls itself settled."""
    found = {}
    for table in TABLES.values():
        statement = SQL(
            "select id, deleted_at_ms is not null, settled, to_jsonb(t) from {} t where tenant = %s"
        )
        for row in connection.execute(statement.format(Identifier(table.name)), [tenant]):
            found[row[0]] = row[1:]
    if found.keys() != story.truth.keys():
        yield f"not the objects of the story: {sorted(found.keys() ^ story.truth.keys())}"
    for object_id in found.keys() & story.truth.keys():
        truth, (is_deleted, settled, row) = story.truth[object_id], found[object_id]
        if is_deleted != (truth is None or truth.get("deleted") is True):
            yield f"{object_id}: deleted is {is_deleted}"
        elif truth is not None and settled and not is_deleted:
            said = {name: value for name, value in row_of(truth).items() if name in row}
            if said != {name: row[name] for name in said}:
                yield f"{object_id} is {row}, not {said}"


@contextmanager
def _scratch(settings: Settings) -> Iterator[tuple[Connection, str]]:
    """Give a connection, and a name for a schema that is gone after the block."""
    schema = f"chaos_{secrets.token_hex(4)}"
    with connect(settings, "chaos", autocommit=True) as connection:
        try:
            yield connection, schema
        finally:
            connection.execute(SQL("drop schema if exists {} cascade").format(Identifier(schema)))
