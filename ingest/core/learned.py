"""Parts of events that come again and again, read once: times, quantities, `data`, sources.

Each table is a dict that learns on a miss, so that a hit costs what a dict costs. What is not plain
is None: such an event is read by `schemas.admission`, whose reading decides.
"""

from abc import ABC, abstractmethod
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from ingest.core.instants import Instants
from schemas.admission import DEFAULT_SOURCE, canonical_rest, text_fault
from schemas.event import NO_QUANTITY, NOT_GIVEN
from schemas.quantity import QuantityError, parse_micro

#: Entries of one table before it is forgotten, and the longest key that is kept at all.
_REMEMBERED: Final = 16_384
_LONGEST: Final = 256

_QUOTE: Final = b'"'
_NESTING: Final = (b"{", b"[")

K = TypeVar("K", bound=bytes | str)
V = TypeVar("V")

_decode_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Learned(dict[K, V | None], ABC, Generic[K, V]):
    """A table that computes what it lacks, and never grows beyond its bound."""

    def __missing__(self, key: K) -> V | None:
        """Learn *key*."""
        value = self.learn(key)
        if len(key) <= _LONGEST:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[key] = value
        return value

    @abstractmethod
    def learn(self, key: K) -> V | None:
        """Return what *key* means; None where it is not plain."""


class Times(Learned[str, int]):
    """By the text given; "" where there is none. Under load, many events share a millisecond."""

    def __init__(self) -> None:
        super().__init__()
        self._instants = Instants()

    def learn(self, key: str) -> int | None:
        """Read an instant."""
        if not key:
            return NOT_GIVEN
        try:
            return self._instants.read(key)
        except ValueError:
            return None


class Quantity(NamedTuple):
    """A `quantity` of the short form."""

    micro: int
    #: Quotation marks that it and its name take up in the body.
    quotes: int


class Quantities(Learned[str | bytes, Quantity]):
    """By the text given, or by the JSON of the value, text or number; empty where there is none."""

    def learn(self, key: str | bytes) -> Quantity | None:
        """Read a decimal."""
        if not key:
            return Quantity(NO_QUANTITY, 0)
        if isinstance(key, str):
            text, is_text = key, True
        else:
            text, is_text = _decimal(key), key[:1] == _QUOTE
        try:
            return Quantity(parse_micro(text), 4 if is_text else 2)
        except QuantityError:
            return None


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

    def learn(self, key: bytes) -> Data | None:
        """Read a flat object without escapes."""
        if not key:
            return Data(b"", NO_QUANTITY, 0)
        try:
            members = _decode_members(key)
        except msgspec.DecodeError:  # not an object
            return None
        texts = 0
        for value in members.values():
            first = bytes(value)[:1]
            if first in _NESTING:
                return None
            texts += first == _QUOTE
        quotes = 2 * (len(members) + texts)  # more of them, if a name stands twice: the reader counts
        micro = NO_QUANTITY
        if self._holds_quantity and "quantity" in members:
            try:
                micro = parse_micro(_decimal(bytes(members.pop("quantity"))))
            except QuantityError:
                return None
        return Data(canonical_rest({}, members), micro, quotes + 2)


class Sources(Learned[str, str]):
    """By the text given; "" where there is none."""

    def learn(self, key: str) -> str | None:
        """Check the text, or fill in the default."""
        if not key:
            return DEFAULT_SOURCE
        return key if text_fault("/source", key) is None else None


def _decimal(json: bytes) -> str:
    return (json[1:-1] if json[:1] == _QUOTE else json).decode()
