"""Dedupe of a batch: its events as sightings, and what was decided as records of `weir.seen`."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from processors.stream.core.records import NewRecord
from processors.usage.core.horizon import Horizon
from processors.usage.core.screen import Screened
from processors.usage.core.seen_index import Copy, SeenIndex, Sightings
from schemas.identity import identify_pack
from schemas.seen import encode_seen, offset_key

#: Copies in one record, by index in its pack.
Copies = Mapping[int, Copy]
NO_COPIES: Final[Copies] = {}


class Deduped(NamedTuple):
    """What was decided about a batch."""

    seen: list[NewRecord]
    #: By source offset; records without copies are left out.
    copies: Mapping[int, Copies]


class _Span(NamedTuple):
    """The events of one record that are looked up, and where they start in the batch."""

    screened: Screened
    start: int
    ids: list[bytes]
    contents: list[int]


class Dedupe:
    """Decides for one partition which events are copies."""

    def __init__(self, index: SeenIndex, horizon: Horizon) -> None:
        """Look events up in *index*, as far back as *horizon* says."""
        self._index = index
        self._horizon = horizon

    def decide(self, batch: Sequence[Screened]) -> Deduped:
        """Return the copies in *batch*, and what has to be written so that it is known for good."""
        opening = self._observe(batch)
        spans = _spans(batch)
        copies = _by_offset(spans, self._index.decide(self._sightings(spans)))
        seen = []
        for span in spans:
            record = span.screened.record
            own = copies.get(record.offset, NO_COPIES)
            value = _seen_value(span, own)
            # A record that opens an hour is written even if nothing in it counted: the hours
            # are read back from these records.
            if value or record.offset in opening:
                seen.append(NewRecord(offset_key(record.offset), value, record.recorded_at_ms))
        return Deduped(seen, copies)

    def _observe(self, batch: Sequence[Screened]) -> set[int]:
        """Return the source offsets of the records that open an hour."""
        return {
            one.record.offset
            for one in batch
            if self._horizon.observe(one.record.offset, one.record.recorded_at_ms)
        }

    def _sightings(self, spans: Sequence[_Span]) -> Sightings:
        ids: list[bytes] = []
        contents: list[int] = []
        offsets: list[int] = []
        kept_since: list[int] = []
        for span in spans:
            record, count = span.screened.record, len(span.ids)
            ids += span.ids
            contents += span.contents
            offsets += [record.offset] * count
            kept_since += [self._horizon.kept_since(record.recorded_at_ms)] * count
        return Sightings(b"".join(ids), contents, offsets, kept_since)


def _spans(batch: Sequence[Screened]) -> list[_Span]:
    spans = []
    start = 0
    for one in batch:
        ids, contents = _identities(one)
        spans.append(_Span(one, start, ids, contents))
        start += len(ids)
    return spans


def _identities(one: Screened) -> tuple[list[bytes], list[int]]:
    if one.pack is None:
        return [], []
    ids, contents = identify_pack(one.pack)
    if len(one.passing) == len(ids):
        return ids, contents
    return [ids[index] for index in one.passing], [contents[index] for index in one.passing]


def _by_offset(spans: Sequence[_Span], found: Mapping[int, Copy]) -> Mapping[int, Copies]:
    """Return what was *found*, by place in the batch, by source offset and by index in the pack."""
    starts = [span.start for span in spans]
    copies: dict[int, dict[int, Copy]] = {}
    for place, copy in found.items():
        # The last one that starts here or before: those without events start where the next one does.
        span = spans[bisect_right(starts, place) - 1]
        index = span.screened.passing[place - span.start]
        copies.setdefault(span.screened.record.offset, {})[index] = copy
    return copies


def _seen_value(span: _Span, copies: Copies) -> bytes:
    """Return the identities of one record that counted."""
    entries = zip(span.ids, span.contents, strict=True)
    if not copies:
        return encode_seen(entries)
    passing = span.screened.passing
    return encode_seen(entry for index, entry in zip(passing, entries, strict=True) if index not in copies)
