"""Parts of events that come again and again, read once: quantities, `data`, sources, names.

Each table is a dict that learns on a miss, so that a hit costs what a dict costs. A miss that is not
plain raises Unusual: such an event is read by `schemas.admission`, whose reading decides.
"""

from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from schemas.admission import DEFAULT_SOURCE, canonical_rest, text_fault
from schemas.event import NO_QUANTITY
from schemas.quantity import QuantityError, parse_micro

#: Entries of one table before it is forgotten, and the longest key that is kept at all.
_REMEMBERED: Final = 16_384
_LONGEST: Final = 256

_QUOTE: Final = b'"'
_NESTING: Final = (b"{", b"[")

K = TypeVar("K", bound=bytes | str)
V = TypeVar("V")

_decode_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Unusual(Exception):  # noqa: N818 -- not an error: a hint to read more slowly
    """The fast reading does not apply; it says nothing about whether the event is good."""


class Learned(dict[K, V], Generic[K, V]):
    """A table that computes what it lacks, and never grows beyond its bound."""

    def __missing__(self, key: K) -> V:
        """Learn *key*. Raises Unusual."""
        value = self.learn(key)
        if len(key) <= _LONGEST:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[key] = value
        return value

    def learn(self, key: K) -> V:
        """Return what *key* means. Raises Unusual."""
        raise NotImplementedError


class Quantity(NamedTuple):
    """A `quantity` of the short form."""

    micro: int
    #: Quotation marks that it and its name take up in the body.
    quotes: int


class Quantities(Learned[bytes, Quantity]):
    """By the JSON of the value, text or number; b"" where there is none."""

    def learn(self, key: bytes) -> Quantity:
        """Read a decimal."""
        if not key:
            return Quantity(NO_QUANTITY, 0)
        is_text = key[:1] == _QUOTE
        try:
            micro = parse_micro((key[1:-1] if is_text else key).decode())
        except QuantityError:
            raise Unusual from None
        return Quantity(micro, 4 if is_text else 2)


class Data(NamedTuple):
    """A `data` object without objects or lists in it."""

    #: In canonical form, as `rest` has it.
    rest: bytes
    #: Quantity that was taken out of it; CloudEvents only.
    micro: int
    #: Quotation marks that it and its name take up in the body.
    quotes: int


class DataObjects(Learned[bytes, Data]):
    """By the JSON of the object; b"" where there is none. *holds_quantity*: as CloudEvents have it."""

    def __init__(self, *, holds_quantity: bool) -> None:
        super().__init__()
        self._holds_quantity = holds_quantity

    def learn(self, key: bytes) -> Data:
        """Read a flat object without escapes."""
        if not key:
            return Data(b"", NO_QUANTITY, 0)
        members = _members(key)
        texts = 0
        for value in members.values():
            first = bytes(value)[:1]
            if first in _NESTING:
                raise Unusual
            texts += first == _QUOTE
        quotes = 2 * (len(members) + texts)  # more of them, if a name stands twice: the reader counts
        micro = NO_QUANTITY
        if self._holds_quantity and "quantity" in members:
            micro = _micro(bytes(members.pop("quantity")))
        return Data(canonical_rest({}, members), micro, quotes + 2)


class Sources(Learned[str, str]):
    """By the text given; "" where there is none."""

    def learn(self, key: str) -> str:
        """Check the text, or fill in the default."""
        if not key:
            return DEFAULT_SOURCE
        if text_fault("/source", key) is not None:
            raise Unusual
        return key


def _members(raw: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _decode_members(raw)
    except msgspec.DecodeError:  # not an object
        raise Unusual from None


def _micro(raw: bytes) -> int:
    try:
        return parse_micro((raw[1:-1] if raw[:1] == _QUOTE else raw).decode())
    except QuantityError:
        raise Unusual from None
