"""JSON as the door takes it: UTF-8, no name twice, text that can be stored, at most 32 deep.

Numbers stay as they were written, so that no float ever touches them.
"""

import json
import re
from collections import Counter
from typing import Any, Final, NamedTuple, NoReturn

import msgspec

from schemas.errors import Reject

MAX_DEPTH: Final = 32
#: How many faults of one document are told: enough to mend it, too few to fill a memory with.
MOST_FAULTS: Final = 10
#: NUL and lone surrogates; PostgreSQL takes neither.
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
#: What alone makes it of text that is UTF-8: an escaped NUL, or half of a character.
_SUSPICIOUS: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")

Path = tuple[str | int, ...]


class JsonFault(NamedTuple):
    """What is wrong with a document, and where."""

    #: Names and places from the document's top down.
    path: Path
    code: str
    detail: str


class UnfitJson(Reject):
    """The bytes are no JSON object that the door takes; `faults` says why, at least once."""

    def __init__(self, *faults: JsonFault) -> None:
        """Keep the faults; the first one is the message."""
        super().__init__(faults[0].detail)
        self.faults = faults


def read_object(raw: bytes) -> dict[str, Any]:
    """Return the members of the JSON object in *raw*, numbers as msgspec.Raw. Raises UnfitJson."""
    try:
        value = _decode(raw.decode())
    except UnicodeDecodeError:
        raise UnfitJson(JsonFault((), "not_utf8", "must be UTF-8")) from None
    except RecursionError:
        raise UnfitJson(_too_deep(())) from None
    except ValueError as error:
        raise UnfitJson(JsonFault((), "not_json", f"is not JSON: {error}")) from None
    if not isinstance(value, dict):
        raise UnfitJson(JsonFault((), "not_an_object", "must be a JSON object"))
    if not _is_plain(raw, value):
        faults: list[JsonFault] = []
        _inspect(value, (), faults)
        if faults:
            raise UnfitJson(*faults[:MOST_FAULTS])
    return value


class _Ambiguous(dict[str, Any]):
    """An object with a name that stands twice: two readers could bill two different numbers."""

    name: str


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    ambiguous = _Ambiguous(members)
    ambiguous.name = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    return ambiguous


def _as_written(number: str) -> msgspec.Raw:
    return msgspec.Raw(number.encode())


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


_decode: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_as_written, parse_float=_as_written, parse_constant=_no_number
).decode


#: Exact types, which take a third of the time of isinstance().
_CONTAINERS: Final = frozenset({dict, list, _Ambiguous})


def _is_plain(raw: bytes, value: dict[str, Any]) -> bool:
    """Say whether *value*, read from *raw*, has no fault for certain: looking for one takes far longer."""
    if _SUSPICIOUS.search(raw):
        return False
    level: list[dict[str, Any] | list[Any]] = [value]
    for _ in range(MAX_DEPTH):
        below = []
        for one in level:
            if type(one) is _Ambiguous:
                return False
            members = one.values() if isinstance(one, dict) else one
            below += [member for member in members if type(member) in _CONTAINERS]
        if not below:
            return True
        level = below
    return False


def _inspect(value: object, path: Path, faults: list[JsonFault]) -> None:
    """Append what is wrong with *value* and all below it."""
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            faults.append(_unstorable(path))
    elif isinstance(value, dict | list):
        if len(path) >= MAX_DEPTH:
            faults.append(_too_deep(path))
        elif isinstance(value, dict):
            _inspect_members(value, path, faults)
        else:
            for place, member in enumerate(value):
                if len(faults) < MOST_FAULTS:
                    _inspect(member, (*path, place), faults)


def _inspect_members(members: dict[str, Any], path: Path, faults: list[JsonFault]) -> None:
    if isinstance(members, _Ambiguous):
        faults.append(JsonFault((*path, members.name), "duplicate_key", "stands twice in its object"))
    for name, member in members.items():
        if len(faults) >= MOST_FAULTS:
            return
        if _UNSTORABLE.search(name):
            faults.append(_unstorable(path))
        _inspect(member, (*path, name), faults)


def _unstorable(path: Path) -> JsonFault:
    return JsonFault(path, "text_not_storable", "must not hold NUL or lone surrogates")


def _too_deep(path: Path) -> JsonFault:
    return JsonFault(path, "too_deep", f"must be nested at most {MAX_DEPTH} deep")
