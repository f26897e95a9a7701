"""`weir.rollups`: absolute values by key. The changelog of the usage table is the output.

A partition's records with stamp <= N all stand before its progress record N: a reader that
applies records only up to the newest progress always shows one point of the log.
"""

from typing import Final

import msgspec

from schemas.errors import MALFORMED, Reject
from schemas.partial import Partial


class UsageKey(msgspec.Struct, array_like=True, frozen=True, tag_field="kind", tag="usage"):
    """One row of usage. Late events have rows of their own, by the day on which they arrived."""

    tenant: str
    customer: str
    meter: str
    #: Value of the meter's group-by; empty where it has none.
    group: str
    window_start_ms: int
    #: NOT_LATE (0), or the UTC day (since 1970) of `recorded_at` for late events.
    arrival_day: int


class SketchKey(msgspec.Struct, array_like=True, frozen=True, tag_field="kind", tag="sketch"):
    """One page of what a row of usage keeps beside its partial (see `schemas.sketch`)."""

    tenant: str
    customer: str
    meter: str
    group: str
    window_start_ms: int
    arrival_day: int
    page: int

    @property
    def usage(self) -> UsageKey:
        """The row to which it belongs."""
        return UsageKey(
            self.tenant, self.customer, self.meter, self.group, self.window_start_ms, self.arrival_day
        )


class FatesKey(msgspec.Struct, array_like=True, frozen=True, tag_field="kind", tag="fates"):
    """Counts of fates; `hour_ms` is the hour of `occurred_at`."""

    tenant: str
    type: str
    hour_ms: int
    #: UTC day (since 1970) of `recorded_at`.
    arrival_day: int
    partition: int


class ProgressKey(msgspec.Struct, array_like=True, frozen=True, tag_field="kind", tag="progress"):
    """One key a partition."""

    partition: int


class LostKey(msgspec.Struct, array_like=True, frozen=True, tag_field="kind", tag="lost"):
    """A range of the source log that retention deleted before it was read."""

    partition: int
    first_offset: int


class UsageRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Value of a UsageKey."""

    partial: Partial
    stamp: int


class SketchRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Value of a SketchKey; a record that does not change the page does not write it."""

    content: bytes
    stamp: int


class _Stamped(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A UsageRow or a SketchRow, of which only the stamp is wanted."""

    content: msgspec.Raw
    stamp: int


class FatesRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Value of a FatesKey: numbers of events. `in_grace` is a mark, contained in `counted`."""

    counted: int
    in_grace: int
    late: int
    duplicate: int
    conflict: int
    unmatched: int
    refused: int
    stamp: int


class Progress(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Everything up to and including source offset `stamp` is durable."""

    stamp: int
    #: Newest append time of the source records up to there.
    record_time_ms: int
    catalog_version: int


class LostRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Value of a LostKey."""

    #: The last offset that is gone.
    last_offset: int
    found_at_ms: int
    #: Stamp of the progress at which the hole was found.
    stamp: int


Key = UsageKey | SketchKey | FatesKey | ProgressKey | LostKey
Row = UsageRow | SketchRow | FatesRow | Progress | LostRow

encode: Final = msgspec.json.Encoder().encode
_decode_key: Final = msgspec.json.Decoder(Key).decode
decode_usage: Final = msgspec.json.Decoder(UsageRow).decode
decode_fates: Final = msgspec.json.Decoder(FatesRow).decode
decode_sketch: Final = msgspec.json.Decoder(SketchRow).decode
_decode_progress: Final = msgspec.json.Decoder(Progress).decode
_decode_lost: Final = msgspec.json.Decoder(LostRow).decode
_decode_stamped: Final = msgspec.json.Decoder(_Stamped).decode
_STAMPED_KEYS: Final = (b'["usage"', b'["sketch"')


def decode(key: bytes, value: bytes) -> tuple[Key, Row]:
    """Return what a record says. Raises Reject."""
    try:
        parsed = _decode_key(key)
        if isinstance(parsed, UsageKey):
            return parsed, decode_usage(value)
        if isinstance(parsed, FatesKey):
            return parsed, decode_fates(value)
        if isinstance(parsed, SketchKey):
            return parsed, decode_sketch(value)
        if isinstance(parsed, LostKey):
            return parsed, _decode_lost(value)
        return parsed, _decode_progress(value)
    except MALFORMED as error:
        raise Reject(f"not a rollup record: {error}") from None


def stamp_of(key: bytes, value: bytes) -> int:
    """Return the stamp of a record; of most, nothing else is read. Raises Reject."""
    if not key.startswith(_STAMPED_KEYS):
        return decode(key, value)[1].stamp
    try:
        return _decode_stamped(value).stamp
    except MALFORMED as error:
        raise Reject(f"not a rollup record: {error}") from None
