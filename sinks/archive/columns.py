"""Columns of numbers and texts as columns of Arrow, by numpy: a file has hundreds of thousands of events."""

from binascii import hexlify
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.event import NO_QUANTITY

Ints = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]

_UUID_BYTES: Final = 16
_UUID_TEXT: Final = 36
#: The parts of a UUID's text between its dashes: where each stands in the text, and among the hexits.
_UUID_PARTS: Final = (
    (slice(0, 8), slice(0, 8)),
    (slice(9, 13), slice(8, 12)),
    (slice(14, 18), slice(12, 16)),
    (slice(19, 23), slice(16, 20)),
    (slice(24, 36), slice(20, 32)),
)
_LOW_HALF: Final = (1 << 64) - 1
QUANTITY: Final = pa.decimal128(38, 0)
TEXT: Final = pa.dictionary(pa.int32(), pa.string())


def ranked(texts: Sequence[str]) -> tuple[pa.Array, Places]:
    """Return the distinct *texts* in order, and the place of each text among them."""
    table = sorted(set(texts))
    places = {text: place for place, text in enumerate(table)}
    return pa.array(table, pa.string()), np.array([places[text] for text in texts], np.int32)


def texts(table: pa.Array, place: Places) -> pa.DictionaryArray:
    """Return the text of each row by its *place* in the *table*."""
    return pa.DictionaryArray.from_arrays(pa.array(place), table)


def numbers(column: bytearray, kind: str) -> Ints:
    """Return the numbers of struct's *kind*, little-endian, in *column*."""
    return np.frombuffer(column, f"<{kind}").astype(np.int64, copy=False)


def starts(lengths: Sequence[int], counts: Ints) -> Ints:
    """Return for each row where its part begins when the parts stand in a row, each of its length."""
    return np.repeat(np.cumsum([0, *lengths[:-1]]), counts)


def uuids(raw: bytes, order: Ints) -> pa.Array:
    """Return raw UUIDs, one a row, in their canonical form, the rows in *order*."""
    rows = len(order)
    octets = np.frombuffer(raw, np.uint8).reshape(-1, _UUID_BYTES)[order]
    hexits = np.frombuffer(hexlify(octets.data), np.uint8).reshape(-1, 2 * _UUID_BYTES)
    text = np.full((rows, _UUID_TEXT), ord("-"), np.uint8)
    for in_text, in_hexits in _UUID_PARTS:
        text[:, in_text] = hexits[:, in_hexits]
    ends = np.arange(0, (rows + 1) * _UUID_TEXT, _UUID_TEXT, dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), rows, [None, pa.py_buffer(ends), pa.py_buffer(text)])


def strings(joined: bytes | bytearray, ends: Ints) -> pa.Array:
    """Return the UTF-8 texts in *joined*, each of which ends where *ends* says."""
    bounds = np.zeros(len(ends) + 1, np.int32)
    bounds[1:] = ends
    return pa.Array.from_buffers(pa.string(), len(ends), [None, pa.py_buffer(bounds), pa.py_buffer(joined)])


def quantities(micro: Ints, large: dict[int, int], order: Ints) -> pa.Array:
    """Return the quantity of each row, the rows in *order*: of some rows the *large* one."""
    # 128 bits are a low half and a high one.
    halves = np.zeros((len(micro), 2), np.uint64)
    halves[:, 0] = micro.astype(np.uint64)
    for row, quantity in large.items():
        halves[row] = quantity & _LOW_HALF, quantity >> 64
    given = np.packbits(micro[order] != NO_QUANTITY, bitorder="little")
    buffers = [pa.py_buffer(given), pa.py_buffer(halves[order])]
    return pa.Array.from_buffers(QUANTITY, len(micro), buffers)
