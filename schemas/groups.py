"""Whom a meter counts, and apart from whom: its filters, and the group of an event by its properties.

A group is the JSON object of its properties, sorted, with texts as values, such as
`{"endpoint":"/x","method":"GET"}`. So a row says what it is by itself, whatever the meter's later
versions group by. A property that an event lacks is left out; the group without any is "".
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from xxhash import xxh3_64_hexdigest

from schemas.errors import MALFORMED
from schemas.members import Members, scalar_text, steps_of

#: Longer values of a property are cut, with a hash of the whole behind them, so that two stay two.
MAX_VALUE: Final = 64
#: As many properties fit into a key of PostgreSQL's index, beside tenant, customer and meter.
MAX_PROPERTIES: Final = 4
_HASH_DIGITS: Final = 16
_NOWHERE: Final = ""
#: Groups that are remembered, and of how many bytes at most.
_REMEMBERED: Final = 10_000
_LONGEST_REMEMBERED: Final = 256

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(dict[str, str]).decode


class Filter(msgspec.Struct, frozen=True):
    """A condition on an event: a property is one of some texts."""

    #: A member of `data`, or a JSON pointer that begins with /data/.
    property: str
    one_of: tuple[str, ...]


class Sorter:
    """Sorts events by filters and properties."""

    def __init__(self, filters: Sequence[Filter], group_by: Sequence[str]) -> None:
        """Count what passes all *filters*, apart by the properties *group_by*."""
        self._wanted = [frozenset(each.one_of) for each in filters]
        #: In the order of their labels, as the group has them.
        properties = sorted(group_by, key=label_of)
        self._labels = [label_of(each) for each in properties]
        #: By what was read, since few differ.
        self._groups: dict[tuple[bytes | None, ...], str | None] = {}
        self._members = Members([*(each.property for each in filters), *properties])

    def group_of(self, rest: bytes) -> str | None:
        """Return the group of an event with these other fields; None: it does not count.

        Raises ValueError where its `data` cannot be read.
        """
        members = tuple(self._members.read(rest))
        try:
            return self._groups[members]
        except KeyError:
            group = self._sort(members)
        if sum(map(len, filter(None, members))) <= _LONGEST_REMEMBERED:
            if len(self._groups) >= _REMEMBERED:
                self._groups.clear()
            self._groups[members] = group
        return group

    def _sort(self, members: Sequence[bytes | None]) -> str | None:
        try:
            texts = [scalar_text(member) for member in members]
        except MALFORMED:
            raise ValueError("must hold texts that are Unicode") from None
        conditions = len(self._wanted)
        for text, wanted in zip(texts, self._wanted, strict=False):
            if text not in wanted:
                return None
        return group_text(
            {
                label: fitting(text)
                for label, text in zip(self._labels, texts[conditions:], strict=True)
                if text is not None
            }
        )


def label_of(place: str) -> str:
    """Return what a property is called in groups: its own name, without the way to it."""
    return steps_of(place)[-1]


def group_text(properties: Mapping[str, str]) -> str:
    """Return the group of *properties*, which are in the order of their names."""
    return _encode(properties).decode() if properties else _NOWHERE


def properties_of(group: str) -> dict[str, str]:
    """Return what `group_text` was made of."""
    return _decode(group) if group else {}


def fitting(text: str) -> str:
    """Return *text* as a group holds it: printable, of at most 64 characters."""
    if len(text) <= MAX_VALUE and text.isprintable():
        return text
    shown = text[: MAX_VALUE - _HASH_DIGITS - 1] if text.isprintable() else ""
    return f"{shown}~{xxh3_64_hexdigest(text.encode('utf-8', 'surrogatepass'))}"
