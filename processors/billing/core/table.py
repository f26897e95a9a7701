"""The newest state of each object, and how an event changes it: by what it says, never by when it came."""

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from processors.billing.core.event import ObjectEvent
from processors.billing.core.fingerprint import fingerprint, fingerprint_before
from processors.billing.core.kinds.reduced import Reduced
from processors.billing.core.members import Members
from processors.billing.core.order import settle
from processors.billing.core.reducers import REDUCERS
from processors.stream.core.records import NewRecord
from schemas.instant import DAY_MS, HOUR_MS
from schemas.mirror import encode_row
from schemas.mirror_log import MirrorState, ObjectKey, Version, decode_state, encode
from schemas.stripe_types import DELETING_TYPES

#: How long an object stays that nothing is said of. Stripe repeats a webhook for three days and lists its
#: events for thirty; what comes later is newer than all before, and PostgreSQL keeps what is.
KEPT_MS: Final = 35 * DAY_MS
#: Says nothing but that the object is no more: older than whatever else was said.
_STUB_MS: Final = -1
_LOOK_MS: Final = HOUR_MS


class Taken(NamedTuple):
    """What an event came to."""

    reduced: Reduced
    #: Whether it changed what is known of the object.
    is_news: bool


class _Kept(NamedTuple):
    value: bytes
    #: Append time of the last record that said something of the object.
    touched_ms: int


class MirrorTable:
    """The objects of one partition that something was said of lately."""

    def __init__(self) -> None:
        """Know of nothing."""
        self._kept: dict[bytes, _Kept] = {}
        self._dirty: set[bytes] = set()
        self._looked_ms = 0
        #: The highest stamp among the states.
        self.restored_up_to = -1

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self._kept)

    def restore(self, key: bytes, value: bytes, touched_ms: int) -> None:
        """Put in a state as it was on the log. Raises Reject."""
        self.restored_up_to = max(self.restored_up_to, decode_state(value).stamp)
        self._kept[key] = _Kept(value, touched_ms)

    def take(self, tenant: str, event: ObjectEvent, stamp: int, recorded_at_ms: int) -> Taken:
        """Take in what *event* of *tenant* says. Raises Reject, and nothing is changed then."""
        reduced = REDUCERS[event.kind](Members.of_event(event.object), event.account)
        version = Version(
            event.event_id,
            event.type,
            msgspec.Raw(encode_row(reduced.row)),
            reduced.rank,
            fingerprint(event.object),
            fingerprint_before(event.object, event.previous) if event.previous else b"",
        )
        key = encode(ObjectKey(tenant, event.kind, reduced.row.id))
        kept = self._kept.get(key)
        before = decode_state(kept.value) if kept else None
        after = _with(before, event, version, stamp)
        is_news = before is None or _says(before) != _says(after)
        if is_news:
            self._dirty.add(key)
        value = encode(after) if is_news or kept is None else kept.value
        self._kept[key] = _Kept(value, recorded_at_ms)
        return Taken(reduced, is_news)

    def take_dirty(self, at_ms: int) -> list[NewRecord]:
        """Return the states that have changed since the last call, dated *at_ms*."""
        records = [NewRecord(key, self._kept[key].value, at_ms) for key in sorted(self._dirty)]
        self._dirty.clear()
        return records

    def close(self, record_time_ms: int) -> None:
        """Let go of objects that nothing was said of for long, at *record_time_ms*; all is durable."""
        if record_time_ms - self._looked_ms < _LOOK_MS:
            return
        self._looked_ms = record_time_ms
        over = [key for key, kept in self._kept.items() if kept.touched_ms < record_time_ms - KEPT_MS]
        for key in over:
            del self._kept[key]

    def each(self, take: Callable[[bytes, bytes], None]) -> None:
        """Hand every key and state to *take*."""
        for key, kept in self._kept.items():
            take(key, kept.value)


def _with(before: MirrorState | None, event: ObjectEvent, version: Version, stamp: int) -> MirrorState:
    """Return the state with *version* in it."""
    is_stub = event.object.get("deleted") is True
    as_of_ms = _STUB_MS if is_stub else event.as_of_ms
    deletions = [before.deleted_at_ms] if before and before.deleted_at_ms is not None else []
    if is_stub or event.type in DELETING_TYPES:
        deletions.append(event.as_of_ms)
    versions: tuple[Version, ...] = (version,)
    if before is not None and as_of_ms <= before.as_of_ms:
        is_rival = as_of_ms == before.as_of_ms and not _is_known(before, version)
        versions = (*before.versions, version) if is_rival else before.versions
        as_of_ms = before.as_of_ms
    settled = settle(versions)
    return MirrorState(
        stamp if before is None else max(stamp, before.stamp),
        as_of_ms,
        settled.settled,
        min(deletions, default=None),
        settled.versions,
    )


def _is_known(state: MirrorState, version: Version) -> bool:
    return any(known.event_id == version.event_id and known.row == version.row for known in state.versions)


def _says(state: MirrorState) -> tuple[object, ...]:
    """Return what a state says of its object, whoever said it last."""
    return state.as_of_ms, state.deleted_at_ms, state.versions
