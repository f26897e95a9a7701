"""The number of different things: their hashes while they are few, then a HyperLogLog of 4,096 registers.

A register keeps the longest run of leading zeros that it has met: adding is idempotent, merging takes the
larger one, so order and repetition change nothing. The estimate is Ertl's ("New cardinality estimation
algorithms for HyperLogLog sketches", 2017, algorithm 6), in whole numbers with 64 binary places.
"""

from collections.abc import Iterable
from itertools import pairwise
from math import isqrt
from struct import error as StructError  # noqa: N812 -- the module names it like a function
from struct import iter_unpack, pack
from typing import Final, cast

from xxhash import xxh3_64_intdigest

from schemas.aggregate import Needs, Rule
from schemas.errors import Reject
from schemas.partial import Partial
from schemas.sketch import Sketch

#: 4 bits of a hash say its page, 8 its register there; the other 52 its rank, from 1 to 53.
_PAGES: Final = 16
_REGISTERS: Final = 256
_PAGE_SHIFT: Final = 60
_REST_BITS: Final = 52
_REST: Final = (1 << _REST_BITS) - 1
_TOP_RANK: Final = _REST_BITS + 1
_ALL: Final = _PAGES * _REGISTERS

_HASHES: Final = b"\0"
_RANKS: Final = b"\1"

_ONE: Final = 1 << 64
#: 1 / (2 ln 2), times _ONE.
_ALPHA: Final = 13_306_513_097_844_322_492

#: Three standard errors of 1.04 / sqrt(4096): of a thousand answers three are further off.
_BOUND: Final = "0.049"


#: Returns the 64 bits that stand for the thing that one text names; two things share them once in 2^64.
hash_of_one: Final = xxh3_64_intdigest


def hash_of(texts: Iterable[bytes]) -> int:
    """Return the 64 bits that stand for the thing that several *texts* name together."""
    return xxh3_64_intdigest(b"".join(b"%d:%b" % (len(text), text) for text in texts))


class UniquePage:
    """The hashes that begin with the same 4 bits, or what their registers know of them."""

    __slots__ = ("hashes", "is_exact", "ranks")

    def __init__(self, hashes: Iterable[int] = (), ranks: bytes | None = None) -> None:
        """Start with *hashes*; or blurred, with *ranks* by register."""
        self.hashes = set(hashes)
        #: Of each register, 0 where nothing fell into it; None while the page is exact.
        self.ranks = None if ranks is None else bytearray(ranks)
        self.is_exact = ranks is None

    @property
    def entries(self) -> int:
        """See `schemas.sketch.Page`."""
        return len(self.hashes)

    def add(self, value: int, times: int = 1) -> bool:  # noqa: ARG002 -- once is enough
        """See `schemas.sketch.Page`."""
        ranks = self.ranks
        if ranks is None:
            if value in self.hashes:
                return False
            self.hashes.add(value)
            return True
        register = value >> _REST_BITS & _REGISTERS - 1
        rank = _TOP_RANK - (value & _REST).bit_length()
        if rank <= ranks[register]:
            return False
        ranks[register] = rank
        return True

    def blur(self) -> None:
        """See `schemas.sketch.Page`."""
        if self.ranks is None:
            self.ranks = bytearray(_REGISTERS)
            self.is_exact = False
            for value in self.hashes:
                self.add(value)
            self.hashes.clear()

    def merge(self, other: "UniquePage") -> None:
        """See `schemas.sketch.Page`."""
        if other.ranks is not None:
            self.blur()
            self.ranks = bytearray(map(max, self.ranks or b"", other.ranks))
            return
        if self.ranks is None:
            self.hashes |= other.hashes
            return
        for value in other.hashes:
            self.add(value)

    def encode(self) -> bytes:
        """See `schemas.sketch.Page`."""
        if self.ranks is not None:
            return _RANKS + self.ranks
        return _HASHES + pack(f">{len(self.hashes)}Q", *sorted(self.hashes))


class _Unique:
    """See `schemas.sketch.Kind`."""

    has_amounts = False
    has_times = False

    def entry_of(self, at_ms: int, value: int) -> int:  # noqa: ARG002 -- whenever it came
        return value

    def page_of(self, value: int) -> int:
        return value >> _PAGE_SHIFT

    def page(self, number: int) -> UniquePage:  # noqa: ARG002 -- its pages are all alike
        return UniquePage()

    def read(self, number: int, content: bytes) -> UniquePage:
        mark, body = content[:1], content[1:]
        if mark == _RANKS and len(body) == _REGISTERS and max(body) <= _TOP_RANK:
            return UniquePage(ranks=body)
        if mark == _HASHES:
            try:
                hashes = [value for (value,) in iter_unpack(">Q", body)]
            except StructError:
                hashes = []
            if _are_of_page(hashes, number):
                return UniquePage(hashes)
        raise Reject(f"not page {number} of a unique count")


def _are_of_page(hashes: list[int], number: int) -> bool:
    in_order = all(one < other for one, other in pairwise(hashes))
    return bool(hashes) and in_order and hashes[0] >> _PAGE_SHIFT == number == hashes[-1] >> _PAGE_SHIFT


def number_of(sketch: Sketch | None) -> int:
    """Return how many different things there are."""
    if sketch is None:
        return 0
    if sketch.is_exact:
        return sum(page.entries for page in sketch.pages.values())
    return _estimate(b"".join(cast("UniquePage", page).ranks or b"" for page in sketch.pages.values()))


def _estimate(ranks: bytes) -> int:
    """Return the number of things that *ranks* speak of; registers of pages that are not there are empty."""
    empty = _ALL - len(ranks) + ranks.count(0)
    if empty == _ALL:
        return 0
    found = _tau(_ALL - ranks.count(_TOP_RANK))
    for rank in range(_REST_BITS, 0, -1):
        found = found + ranks.count(rank) * _ONE >> 1
    # Nothing is left only where all are at the highest rank, which no number of things does.
    found = max(found + _sigma(empty), 1)
    return (2 * _ALPHA * _ALL * _ALL + found) // (2 * found)


def _sigma(empty: int) -> int:
    """Return what empty registers add, times _ONE: _ALL * sigma(empty / _ALL)."""
    power, weight = empty * _ONE // _ALL, 1
    total = power
    while power:
        power = power * power >> 64
        total += power * weight
        weight *= 2
    return total * _ALL


def _tau(below_top: int) -> int:
    """Return what registers at the highest rank add, times _ONE: _ALL * tau(below_top / _ALL)."""
    root, weight = below_top * _ONE // _ALL, _ONE
    total = _ONE - root
    while 0 < root < _ONE - 1 and weight:
        root = _root(root)
        weight >>= 1
        total -= (_ONE - root) * (_ONE - root) * weight >> 128
    return total * _ALL // 3 if 0 < below_top < _ALL else 0


def _root(fraction: int) -> int:
    """Return the square root of *fraction*, both times _ONE."""
    return isqrt(fraction << 64)


def _amount(_partial: Partial, sketch: Sketch | None, _scale: int) -> tuple[int, int]:
    return number_of(sketch), 1


KIND: Final = _Unique()
UNIQUE: Final = Rule(_amount, Needs.IDENTITY, KIND, _BOUND)
