"""What a balance sheet holds. The names are those of `weir reconcile usage --format json`."""

from typing import Final

import msgspec

from schemas.instant import format_instant

#: An event whose time is beyond every calendar is shown by its number.
_LAST_INSTANT_MS: Final = 253_402_300_799_999


class Span(msgspec.Struct, frozen=True):
    """Which hours of event time, [from, to), and whose. None: no limit."""

    from_ms: int | None = None
    to_ms: int | None = None
    tenant: str | None = None


class SheetRow(msgspec.Struct, frozen=True):
    """One tenant, event type and hour. `logged` and `in_flight` are the log's word, the fates the store's."""

    tenant: str
    type: str
    hour: str
    logged: int
    counted: int
    #: A mark: contained in `counted`.
    in_grace: int
    late: int
    duplicate: int
    conflict: int
    unmatched: int
    refused: int
    #: Logged, and beyond the processor's progress.
    in_flight: int
    #: Events on whose fate the two sides do not agree.
    gap: int


class MeterRow(msgspec.Struct, frozen=True):
    """One tenant, meter and hour over all customers: the store's word, and what the log has more."""

    tenant: str
    meter: str
    hour: str
    events: int
    quantity: str
    difference: str
    #: Events in rows of usage that are not what the log says.
    gap: int


class Rejected(msgspec.Struct, frozen=True):
    """What the doors turned away; it is not on the log. Approximate after a kill."""

    tenant: str
    code: str
    events: int


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong, by name, or that is worth a look."""

    kind: str
    #: Which file, row, range or id.
    what: str
    detail: str
    #: False: worth a look, and no fault of the books.
    wrong: bool = True


class InFlight(msgspec.Struct, frozen=True):
    """What the log holds beyond the progress of one partition."""

    partition: int
    through_offset: int
    events: int


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """The books of a span."""

    #: When the store's side was read.
    as_of: str
    rows: list[SheetRow]
    meters: list[MeterRow]
    rejected: list[Rejected]
    #: 0 if and only if the books balance.
    gap: int
    in_flight: int
    findings: list[Finding]
    #: Findings that were too many to be listed, by kind.
    unlisted: dict[str, int] = {}
    #: Events of Weir's own canary that were recounted and stand in no row.
    own_events: int = 0


def total_gap(rows: list[SheetRow], meters: list[MeterRow], findings: list[Finding]) -> int:
    """Return on how many events the sides disagree, and at least the number of faults.

    An event that is missing from a fate is missing from its meters too and counts once.
    """
    faults = sum(finding.wrong for finding in findings)
    return max(sum(row.gap for row in rows), sum(meter.gap for meter in meters), faults)


def hour_text(hour_ms: int) -> str:
    """Return an hour as the sheet shows it."""
    return format_instant(hour_ms) if 0 <= hour_ms <= _LAST_INSTANT_MS else str(hour_ms)
