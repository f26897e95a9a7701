"""The columns of a pack: how numbers, indexes, quantities, ids and rests become bytes, and back.

Whatever reads a column checks it first and raises ValueError or struct.error where it is wrong.
"""

import struct
from collections.abc import Hashable, Sequence
from itertools import pairwise
from typing import Final, TypeVar

from schemas.event import NO_QUANTITY
from schemas.instant import LAST_MS

INT64_MAX: Final = (1 << 63) - 1
#: Stands in the quantity column for a value of the exception table.
SEE_EXCEPTIONS: Final = -2
#: The smallest number of the columns whose -1 means that nothing was given.
NOTHING: Final = -1
UUID_BYTES: Final = 16
_UUID_TEXT: Final = 36
_UUID_DASHES: Final = (8, 13, 18, 23)
#: 20 digits before the point and 6 of the scale.
_QUANTITY_DIGITS: Final = 26

_T = TypeVar("_T", bound=Hashable)


def require(holds: bool, what: str) -> None:  # noqa: FBT001 -- an assertion that -O keeps
    """Raise ValueError unless it *holds*."""
    if not holds:
        raise ValueError(what)


def write_numbers(code: str, values: Sequence[int]) -> bytes:
    """Return *values* as little-endian numbers of struct's *code*."""
    return struct.pack(f"<{len(values)}{code}", *values)


def write_table(values: Sequence[_T]) -> tuple[list[_T], list[int]]:
    """Return the distinct *values*, and the place of each one among them."""
    if values.count(values[0]) == len(values):  # as sources mostly are
        return [values[0]], [0] * len(values)
    places: dict[_T, int] = {}
    index = [places.setdefault(value, len(places)) for value in values]
    return list(places), index


def read_index(column: bytes, count: int, table: Sequence[object]) -> tuple[int, ...]:
    """Return *count* places in *table*."""
    index: tuple[int, ...] = struct.unpack(f"<{count}H", column)
    require(max(set(index)) < len(table), "an index points past its table")
    return index


def read_numbers(column: bytes, count: int) -> tuple[int, ...]:
    """Return *count* 64-bit numbers, NOTHING or above."""
    numbers: tuple[int, ...] = struct.unpack(f"<{count}q", column)
    # Where no number has its sign bit set, which is a glance at every eighth byte, none is too small.
    require(column[7::8].isascii() or min(numbers) >= NOTHING, "a number is negative")
    return numbers


def read_times(column: bytes, count: int) -> tuple[int, ...]:
    """Return *count* event times or NOT_GIVEN; each one can be written as RFC 3339."""
    times_ms = read_numbers(column, count)
    require(max(times_ms) <= LAST_MS, "a time is beyond the calendar")
    return times_ms


def write_quantities(quantities: Sequence[int]) -> tuple[bytes, list[tuple[int, str]]]:
    """Return the column, and the table (event, decimal text) of what does not fit into 63 bits."""
    if max(quantities) <= INT64_MAX:
        return write_numbers("q", quantities), []
    exceptions = [(place, str(q)) for place, q in enumerate(quantities) if q > INT64_MAX]
    return write_numbers("q", [q if q <= INT64_MAX else SEE_EXCEPTIONS for q in quantities]), exceptions


def read_quantities(column: bytes, count: int, exceptions: list[tuple[int, str]]) -> Sequence[int]:
    """Return *count* quantities with the *exceptions* filled in."""
    if not exceptions:
        return read_numbers(column, count)
    quantities = list(struct.unpack(f"<{count}q", column))
    for place, text in exceptions:
        # A place filled before no longer asks for an exception, so none can come twice.
        require(0 <= place < count and quantities[place] == SEE_EXCEPTIONS, "an exception stands for nothing")
        require(
            len(text) <= _QUANTITY_DIGITS and text.isascii() and text.isdigit(), "an exception is no quantity"
        )
        quantities[place] = int(text)
        require(quantities[place] > INT64_MAX, "an exception would have fitted")
    require(min(quantities) >= NO_QUANTITY, "a quantity is negative")
    return quantities


def write_uuids(ids: Sequence[str]) -> bytes | None:
    """Return the ids as raw UUIDs, or None unless each of them is a canonical UUID."""
    if set(map(len, ids)) != {_UUID_TEXT}:
        return None
    joined = "".join(ids)
    hexits = joined.replace("-", "")
    if any(joined[dash::_UUID_TEXT] != "-" * len(ids) for dash in _UUID_DASHES):
        return None
    try:
        raw = bytes.fromhex(hexits)
    except ValueError:
        return None
    # Upper case, blanks and further dashes would not come back as they were.
    return raw if raw.hex() == hexits and len(raw) == UUID_BYTES * len(ids) else None


def uuid_texts(raw: bytes) -> list[str]:
    """Return raw UUIDs in their canonical form."""
    text = raw.hex()
    return [
        f"{text[i : i + 8]}-{text[i + 8 : i + 12]}-{text[i + 12 : i + 16]}"
        f"-{text[i + 16 : i + 20]}-{text[i + 20 : i + 32]}"
        for i in range(0, len(text), 2 * UUID_BYTES)
    ]


def read_rest_bounds(rests: bytes, ends: bytes, count: int) -> Sequence[int]:
    """Return count + 1 offsets into *rests*, each rest being UTF-8; none where no event has a rest."""
    if not ends:
        require(not rests, "rests without ends")
        return ()
    bounds: tuple[int, ...] = (0, *struct.unpack(f"<{count}I", ends))
    # Sorting what is sorted costs an eighth of comparing the neighbours in Python.
    require(sorted(bounds) == list(bounds) and bounds[-1] == len(rests), "rests end where they cannot")
    if not rests.isascii():
        for start, end in pairwise(bounds):
            rests[start:end].decode()
    return bounds
