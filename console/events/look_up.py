"""Looks one event up: archive, tail, verdicts, progress. Blocking; nothing is written anywhere."""

from console.events.archive import Archive, Wanted
from console.events.core.answer import EventFate, Evidence, event_fate
from console.events.core.sighting import Said, Sighting, Where
from console.events.manifest import Snapshot, take_snapshot
from console.events.tail import Tail
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.partition import partition_of
from schemas.position import Position
from schemas.topics import USAGE, VERDICTS, topic_name


def look_up(settings: Settings, wanted: Wanted, at: Position | None = None) -> EventFate:
    """Return the fate of the event *wanted*, of its copy *at* a position if one is given. Raises TryAgain."""
    with connect(settings, "event", autocommit=True) as connection:
        # Before the tails: the verdicts on what is below this progress are on the log by now.
        snapshot = take_snapshot(connection)
    archive = Archive(settings.archive)
    tail = Tail(settings, snapshot.archived_to, snapshot.generation)
    sightings = _sightings(settings, snapshot, archive, tail, wanted)
    evidence = Evidence(
        topic_name(settings.topic_prefix, USAGE),
        snapshot.catalog,
        sightings,
        _said(snapshot, archive, tail, sightings),
        snapshot.stored,
    )
    return event_fate(wanted.source, wanted.id, evidence, at)


def _sightings(
    settings: Settings, snapshot: Snapshot, archive: Archive, tail: Tail, wanted: Wanted
) -> list[Sighting]:
    """Return every copy: on the customer's partition, or else wherever a direct producer has put it."""
    every = frozenset(range(settings.partitions))
    own = every
    if wanted.customer is not None:
        own = frozenset({partition_of(wanted.tenant, wanted.customer, settings.partitions)})
    for partitions in (own, every - own):
        found = archive.sightings(snapshot.files_of(USAGE.name, partitions), wanted)
        found += tail.sightings(partitions, wanted)
        if found:
            return found
    return []


def _said(snapshot: Snapshot, archive: Archive, tail: Tail, sightings: list[Sighting]) -> dict[Where, Said]:
    if not sightings:
        return {}
    said = tail.said(sighting.where for sighting in sightings)
    partitions = frozenset(sighting.where.partition for sighting in sightings)
    files = snapshot.files_of(VERDICTS.name, partitions)
    for sighting in sightings:
        if sighting.where not in said and (found := archive.said(files, sighting)) is not None:
            said[sighting.where] = found
    return said
