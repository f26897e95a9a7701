"""What the deliveries of webhooks are found by: numbers, made alike by who records and by who looks.

A mark stands for one thing that a delivery has (a word, a type, an object, a sighting), of one tenant on one
day (UTC) of the record. So an index over the marks of a row answers any of these together, a tenant's
answers cost nothing for what others have, and the newest day that has enough of them ends a search. A mark
tells nothing of the word that it stands for.

A change to what is a word, or to how a mark is made, needs a migration that marks every delivery anew.
"""

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final
from unicodedata import normalize

from xxhash import xxh3_64_intdigest

from schemas.instant import DAY_MS
from schemas.stripe_types import is_handled

#: What is marked as a HANDLING: the mirror has no use for the type.
UNHANDLED: Final = "unhandled"
#: Different words of one event that are looked at; of a longer event the first ones.
MOST_WORDS: Final = 512
#: Characters of all of its texts that are looked at.
_MOST_TEXT: Final = 65_536
#: Of a longer word, this much is looked at.
LONGEST_WORD: Final = 64

_WORD: Final = re.compile(r"\w+")
#: A mark is a bigint of PostgreSQL that is not negative: first the day, so that what is written on one day
#: stands together in the index, then as much of a hash as there is room for.
_DAYS: Final = 2**15
_HASH_BITS: Final = 48
_HASHES: Final = 2**_HASH_BITS - 1


class Kind(Enum):
    """What a mark may stand for."""

    WORD = 1
    TYPE = 2
    OBJECT = 3
    SIGHTING = 4
    #: Its only text is UNHANDLED.
    HANDLING = 5


class Marks:
    """The marks of one tenant on one day."""

    def __init__(self, tenant: str, day: int) -> None:
        """Mark for *tenant* (id) and *day*, counted from 1970-01-01."""
        of_day = xxh3_64_intdigest(tenant.encode(), day)
        self._day = day % _DAYS << _HASH_BITS
        self._seeds = {kind: xxh3_64_intdigest(bytes([kind.value]), of_day) for kind in Kind}

    def of(self, kind: Kind, text: str) -> int:
        """Return the mark of *text* as a *kind*."""
        return (
            xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"), self._seeds[kind]) & _HASHES | self._day
        )

    def of_words(self, words: Iterable[str]) -> list[int]:
        """Return the marks of *words*."""
        seed, day = self._seeds[Kind.WORD], self._day
        return [xxh3_64_intdigest(word.encode(), seed) & _HASHES | day for word in words]

    def of_event(self, event_type: str, object_id: str | None, members: object) -> list[int]:
        """Return the marks of an event with the JSON *members*, but for the sighting of its delivery."""
        found = [*self.of_words(words_of_event(members)), self.of(Kind.TYPE, event_type)]
        if not is_handled(event_type):
            found.append(self.of(Kind.HANDLING, UNHANDLED))
        return found if object_id is None else [*found, self.of(Kind.OBJECT, object_id)]


def day_of_record(recorded_at_ms: int) -> int:
    """Return the day whose marks a delivery has."""
    return recorded_at_ms // DAY_MS


def words_of_text(text: str) -> list[str]:
    """Return the words of *text*, each once: letters, digits and _, whatever their case.

    `Jane.Doe@example.com` has four, `in_1PqR` one.
    """
    text = text[:_MOST_TEXT]
    alike = text.lower() if text.isascii() else normalize("NFKC", text).casefold()
    return list(dict.fromkeys(word[:LONGEST_WORD] for word in _WORD.findall(alike)))


def words_of_event(members: object) -> list[str]:
    """Return the words of all texts in an event's JSON, each once, up to MOST_WORDS; names are no texts."""
    return words_of_text("\0".join(_texts(members)))[:MOST_WORDS]


def _texts(value: object) -> list[str]:
    """Return every text in *value*, in the order in which they stand."""
    found: list[str] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict):
            waiting.extend(reversed(one.values()))
        elif isinstance(one, list):
            waiting.extend(reversed(one))
    return found
