"""The plain reading: single events with members of their sender's own, nested data, or escapes in texts.

As the fast reading it takes an event exactly as `schemas.admission.read_event` does, which a property
test holds it to, or leaves it; it never refuses one.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from ingest.core.learned import Quantities, Sources, Times
from ingest.core.routes import Route, TenantRoutes, Unusual
from schemas.admission import (
    ENVELOPE_MEMBERS,
    SHORT_MEMBERS,
    canonical_rest,
    text_fault,
    time_fault,
)
from schemas.event import NO_QUANTITY, NOT_GIVEN, UsageEvent
from schemas.strict_json import MAX_DEPTH

_QUOTE: Final = ord('"')
_OBJECT: Final = ord("{")
_ARRAY: Final = ord("[")
_BACKSLASH: Final = b"\\"

_decode_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_array: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_text: Final = msgspec.json.Decoder(str).decode


class PlainReader:
    """Reads events one by one, and remembers what comes again. Raises Unusual, and nothing else."""

    def __init__(self) -> None:
        self._times = Times()
        self._sources = Sources()
        self._quantities = Quantities()

    def one(self, raw: bytes, routes: TenantRoutes, now_ms: int) -> tuple[UsageEvent, Route]:
        """Return the event of *raw*, a JSON object, and its route."""
        try:
            return self._one(raw, routes, now_ms)
        except (msgspec.DecodeError, RecursionError, ValueError, KeyError):
            raise Unusual from None

    def _one(self, raw: bytes, routes: TenantRoutes, now_ms: int) -> tuple[UsageEvent, Route]:
        members = _members(raw)
        if in_envelope := "specversion" in members:
            known, customer, event_type = ENVELOPE_MEMBERS, "subject", "type"
            _expect(members["specversion"] == "1.0" and "source" in members)
        else:
            known, customer, event_type = SHORT_MEMBERS, "customer", "meter"
        data = members.get("data", {})
        _expect(isinstance(data, dict) and "data_base64" not in members)
        micro = self._micro(data.pop("quantity", None) if in_envelope else members.get("quantity"))
        event_id = _text(members["id"])
        _expect(text_fault("/id", event_id) is None)
        route = routes[_text(members[customer]), _text(members[event_type])]
        own = {} if members.keys() <= known else {k: v for k, v in members.items() if k not in known}
        given_ms = self._given_ms(members, now_ms)
        rest = canonical_rest(own, data)
        return UsageEvent(route.series, given_ms, micro, self._source(members), event_id, rest), route

    def _micro(self, written: Any) -> int:  # noqa: ANN401 - any JSON value
        if written is None:
            return NO_QUANTITY
        key = bytes(written) if isinstance(written, msgspec.Raw) else _text(written)
        quantity = self._quantities[key]
        if not key or quantity is None:
            raise Unusual
        return quantity.micro

    def _source(self, members: dict[str, Any]) -> str:
        source = self._sources[_text(members["source"]) if "source" in members else ""]
        if source is None:
            raise Unusual
        return source

    def _given_ms(self, members: dict[str, Any], now_ms: int) -> int:
        if "time" not in members:
            return NOT_GIVEN
        given_ms = self._times[_text(members["time"])]
        if given_ms is None or time_fault(given_ms, now_ms) is not None:
            raise Unusual
        return given_ms


def _expect(holds: bool) -> None:  # noqa: FBT001 - it reads as a sentence
    if not holds:
        raise Unusual


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if not isinstance(value, str) or not value:
        raise Unusual
    return value


def _members(raw: bytes) -> dict[str, Any]:
    """Return the members of a JSON object: texts as str, all other scalars as they were written.

    Raises msgspec.DecodeError, UnicodeDecodeError or Unusual.
    """
    quotes = raw.count(_QUOTE)
    if _BACKSLASH in raw:
        # Without the pairs every backslash that is left begins an escape of another kind.
        bare = raw.replace(b"\\\\", b"")
        quotes -= bare.count(b'\\"')
        _expect(b"\\u0000" not in bare)  # a lone surrogate msgspec finds itself
    members, expected = _object(raw, 0)
    # Every quotation mark belongs to a name or a text that was read; one more means a name that stands
    # twice, of which only the last was seen.
    _expect(quotes == expected)
    return members


def _object(raw: bytes, depth: int) -> tuple[dict[str, Any], int]:
    """Return the members of an object *depth* levels down, and how many quotation marks they take up."""
    members: dict[str, Any] = _decode_object(raw)
    return members, 2 * len(members) + _resolve(members, members.items(), depth)


def _array(raw: bytes, depth: int) -> tuple[list[Any], int]:
    items: list[Any] = _decode_array(raw)
    return items, _resolve(items, enumerate(items), depth)


def _resolve(container: Any, entries: Iterable[tuple[Any, msgspec.Raw]], depth: int) -> int:  # noqa: ANN401 - dict or list
    """Put what was written in place of texts and of what is nested; return their quotation marks."""
    _expect(depth < MAX_DEPTH)
    quotes = 0
    for place, raw in entries:
        written = bytes(raw)
        first = written[0]
        if first == _QUOTE:
            container[place] = _decode_text(written) if _BACKSLASH in written else written[1:-1].decode()
            quotes += 2
        elif first == _OBJECT:
            container[place], taken = _object(written, depth + 1)
            quotes += taken
        elif first == _ARRAY:
            container[place], taken = _array(written, depth + 1)
            quotes += taken
    return quotes
