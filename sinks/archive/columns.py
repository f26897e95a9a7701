"""Columns of packs as columns of Arrow, by numpy and joins: a file has hundreds of thousands of events."""

from collections.abc import Sequence
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.event import NO_QUANTITY
from schemas.pack import Pack
from sinks.archive.usage_records import Taken

Ints = npt.NDArray[np.int64]

_UUID_BYTES: Final = 16
_UUID_TEXT: Final = 36
_INT64_MAX: Final = (1 << 63) - 1
_LOW_HALF: Final = (1 << 64) - 1
_DASHES: Final = (8, 13, 18, 23)
_HEX_PLACES: Final = np.delete(np.arange(_UUID_TEXT), _DASHES)
_HEXITS: Final = np.frombuffer(b"0123456789abcdef", np.uint8)
QUANTITY: Final = pa.decimal128(38, 0)
TEXT: Final = pa.dictionary(pa.int32(), pa.string())


class Texts(NamedTuple):
    """A text for each row, by its place in a table of the distinct ones in order."""

    table: pa.Array
    place: Ints

    def reordered(self, order: Ints) -> pa.DictionaryArray:
        """Return the texts of the rows in another order."""
        return pa.DictionaryArray.from_arrays(pa.array(self.place[order].astype(np.int32)), self.table)


def series(packs: Sequence[Pack], counts: Ints, rows: int) -> list[Texts]:
    """Return tenant, customer and type of each row."""
    entries = chain.from_iterable([pack.series for pack in packs])
    index = flat(packs, "series_index", rows) + _starts([len(pack.series) for pack in packs], counts)
    # All three in one list, because each list that Arrow takes over costs as much as its texts.
    names, place = _encoded(list(chain.from_iterable(entries)))
    return [_texts(names, place[part::3], index) for part in range(3)]


def sources(packs: Sequence[Pack], counts: Ints, rows: int) -> Texts:
    """Return the source of each row."""
    index = flat(packs, "source_index", rows) + _starts([len(pack.sources) for pack in packs], counts)
    return _texts(*_encoded(list(chain.from_iterable([pack.sources for pack in packs]))), index)


def _encoded(texts: list[str]) -> tuple[pa.Array, Ints]:
    """Return the distinct *texts* in order, and the place of each text among them."""
    encoded = pa.array(texts, pa.string()).dictionary_encode()
    order = pc.array_sort_indices(encoded.dictionary)
    rank = np.empty(len(order), np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    return encoded.dictionary.take(order), rank[encoded.indices.to_numpy()]


def _texts(names: pa.Array, place: Ints, index: Ints) -> Texts:
    """Return names[place[index]], with a table of only those names that occur."""
    occurring, local = np.unique(place, return_inverse=True)
    return Texts(names.take(pa.array(occurring)), local[index])


def _starts(lengths: list[int], counts: Ints) -> Ints:
    """Return for each row where the table of its pack begins, when all tables stand in one."""
    return np.repeat(np.cumsum([0, *lengths[:-1]]), counts)


def places(named: Sequence[Texts]) -> Ints:
    """Return for each row its place in the order of all *named* texts together."""
    place = np.zeros(len(named[0].place), np.int64)
    for texts in named:
        place = place * len(texts.table) + texts.place
    return place


def flat(parts: Sequence[Pack] | Sequence[Taken], column: str, rows: int) -> Ints:
    """Return the numbers in *column* of all *parts*, *rows* together."""
    return np.fromiter(chain.from_iterable([getattr(part, column) for part in parts]), np.int64, rows)


def ids(packs: Sequence[Pack], order: Ints) -> pa.Array:
    """Return the id of each row as its producer wrote it, the rows in *order*."""
    raw = [pack.ids for pack in packs if isinstance(pack.ids, bytes)]
    if len(raw) == len(packs):
        octets = np.frombuffer(b"".join(raw), np.uint8).reshape(-1, _UUID_BYTES)
        return _uuids(octets[order])
    texts = chain.from_iterable(pack.id_texts() for pack in packs)
    return pa.array(texts, pa.string()).take(pa.array(order))


def _uuids(octets: npt.NDArray[np.uint8]) -> pa.Array:
    """Return raw UUIDs, one a row, in their canonical form."""
    rows = len(octets)
    texts = np.full((rows, _UUID_TEXT), ord("-"), np.uint8)
    texts[:, _HEX_PLACES[0::2]] = _HEXITS[octets >> 4]
    texts[:, _HEX_PLACES[1::2]] = _HEXITS[octets & 15]
    ends = np.arange(0, (rows + 1) * _UUID_TEXT, _UUID_TEXT, dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), rows, [None, pa.py_buffer(ends), pa.py_buffer(texts)])


def quantities(packs: Sequence[Pack], rows: int, order: Ints) -> pa.Array:
    """Return the quantity of each row, the rows in *order*; 128 bits are a low half and a high one."""
    halves = np.zeros((rows, 2), np.uint64)
    try:
        micro = flat(packs, "quantity_micro", rows)
    except OverflowError:
        every = list(chain.from_iterable(pack.quantity_micro for pack in packs))
        micro = np.array([quantity if quantity <= _INT64_MAX else 0 for quantity in every], np.int64)
        halves[:, 0] = micro.astype(np.uint64)
        for row, quantity in enumerate(every):
            if quantity > _INT64_MAX:
                halves[row] = quantity & _LOW_HALF, quantity >> 64
    else:
        halves[:, 0] = micro.astype(np.uint64)
    given = np.packbits(micro[order] != NO_QUANTITY, bitorder="little")
    buffers = [pa.py_buffer(given), pa.py_buffer(halves[order])]
    return pa.Array.from_buffers(QUANTITY, rows, buffers)


def rests(packs: Sequence[Pack], rows: int) -> pa.Array:
    """Return the rest of each row."""
    lengths = [
        np.diff(np.array(pack.rest_bounds, np.int32)) if pack.rest_bounds else np.zeros(pack.count, np.int32)
        for pack in packs
    ]
    ends = np.zeros(rows + 1, np.int32)
    np.cumsum(np.concatenate(lengths), out=ends[1:])
    joined = b"".join([pack.rests for pack in packs])
    return pa.Array.from_buffers(pa.string(), rows, [None, pa.py_buffer(ends), pa.py_buffer(joined)])


def raws(parts: Sequence[Taken], rows: int) -> pa.Array:
    """Return a record's bytes in the first of its unreadable rows, else nulls."""
    if all(part.raw is None for part in parts):
        return pa.nulls(rows, pa.binary())
    return pa.array(chain.from_iterable([part.raw, *[None] * (part.rows - 1)] for part in parts), pa.binary())
