"""The events of one file, gathered pack by pack while each is still warm in the processor's cache."""

from typing import Final, NamedTuple, TypeVar

from schemas.pack_columns import write_numbers, write_quantities
from sinks.archive.usage_records import Taken, UsageRecord

_INDEX_BYTES: Final = 4

_Key = TypeVar("_Key")


class Places(dict[_Key, int]):
    """Numbers what it is asked for, in the order of the first questions."""

    def __missing__(self, key: _Key) -> int:
        """Give *key* the next number."""
        self[key] = place = len(self)
        return place


class Part(NamedTuple):
    """What all events of one pack share, and what its own tables and texts come to."""

    rows: int
    series: int
    sources: int
    rest_bytes: int
    offset: int
    recorded_at_ms: int
    unreadable: bool


class UsageColumns:
    """Little-endian numbers and joined bytes, as in the packs: so they take no more room than these.

    u32 stands for an index, i64 for a time or a quantity.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.parts: list[Part] = []
        #: Every (tenant, customer, type), and its number in the order of the packs' own tables.
        self.series: Places[tuple[str, str, str]] = Places()
        self.series_places: list[int] = []
        self.series_index = bytearray()
        self.sources: Places[str] = Places()
        self.source_places: list[int] = []
        self.source_index = bytearray()
        self.given_ms = bytearray()
        self.quantity_micro = bytearray()
        #: By row, where 63 bits are too few.
        self.large_quantities: dict[int, int] = {}
        #: Of each pack: raw UUIDs, or texts, which take more than they did in the pack.
        self.ids: list[bytes | list[str]] = []
        self.rests = bytearray()
        #: Within the rests of the pack.
        self.rest_ends = bytearray()
        #: Place of the event in its record.
        self.places = bytearray()
        #: By row, the bytes of a record that nobody can read.
        self.raws: dict[int, bytes] = {}

    def add(self, record: UsageRecord) -> None:
        """Append every event of *record*."""
        for part in record.parts:
            self._add(part)

    def _add(self, part: Taken) -> None:
        pack, rows = part.pack, part.rows
        alike = bytes(_INDEX_BYTES * rows)
        self.series_places += map(self.series.__getitem__, pack.series)
        self.series_index += write_numbers("I", pack.series_index)
        self.source_places += map(self.sources.__getitem__, pack.sources)
        self.source_index += write_numbers("I", pack.source_index) if len(pack.sources) > 1 else alike
        self.given_ms += write_numbers("q", pack.given_ms)
        quantities, large = write_quantities(pack.quantity_micro)
        self.quantity_micro += quantities
        self.large_quantities.update({self.rows + place: int(text) for place, text in large})
        self.ids.append(pack.ids)
        self.rests += pack.rests
        self.rest_ends += write_numbers("I", pack.rest_bounds[1:]) if pack.rest_bounds else alike
        self.places += write_numbers("I", part.places)
        if part.raw is not None:
            self.raws[self.rows] = part.raw
        sizes = (rows, len(pack.series), len(pack.sources), len(pack.rests))
        self.parts.append(Part(*sizes, part.offset, part.recorded_at_ms, part.unreadable))
        self.rows += rows
