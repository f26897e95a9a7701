"""The forms in which a body may hold events, and how it falls apart into single ones."""

import json
from enum import Enum
from typing import Final, NamedTuple

import msgspec

from ingest.core.problem import refuse
from schemas.admission import Finding

MAX_EVENTS: Final = 1_000

_BLANKS: Final = b" \t\r\n"


class Form(Enum):
    """How a body is written."""

    #: One JSON object, or an array of them.
    JSON = "json"
    #: One JSON object a line.
    LINES = "lines"


_FORMS: Final = {
    "": Form.JSON,
    "application/json": Form.JSON,
    "application/cloudevents+json": Form.JSON,
    "application/cloudevents-batch+json": Form.JSON,
    "application/x-ndjson": Form.LINES,
}
#: What a Content-Type header may name.
CONTENT_TYPES: Final = tuple(filter(None, _FORMS))
_decode_array: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Split(NamedTuple):
    """A body fallen apart: the exact bytes of each event, not yet looked at."""

    events: list[bytes]
    #: Whether pointers into the body begin with the place of the event.
    many: bool


def form_of(content_type: str) -> Form:
    """Return the form that a Content-Type header names; none means JSON. Raises Refused."""
    try:
        return _FORMS[content_type]
    except KeyError:
        pass
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in _FORMS:
        return _FORMS[media_type]
    taken = ", ".join(CONTENT_TYPES)
    raise refuse("content_type_unknown", f"the content type must be one of {taken}")


def is_array(body: bytes) -> bool:
    """Say whether the first thing in *body* opens a JSON array."""
    return body[:1] == b"[" or (body[:1] in _BLANKS and body.lstrip(_BLANKS)[:1] == b"[")


def split(body: bytes, form: Form) -> Split:
    """Return the events of *body*. Raises Refused where it cannot be told where one ends."""
    if form is Form.LINES:
        return Split([line for line in body.split(b"\n") if line.strip(_BLANKS)], many=True)
    if not is_array(body):
        return Split([body] if body.strip(_BLANKS) else [], many=False)
    try:
        return Split([bytes(raw) for raw in _decode_array(body)], many=True)
    except RecursionError:
        raise refuse(
            "too_deep", "the body is nested too deep", Finding("", "too_deep", "is nested too deep")
        ) from None
    except msgspec.DecodeError as error:
        return Split(_scan(body, str(error)), many=True)


def check_count(events: int) -> None:
    """Raise Refused unless a request holds 1 to 1,000 events."""
    if events == 0:
        raise refuse("empty_batch", "the body holds no event", Finding("", "empty_batch", "holds no event"))
    if events > MAX_EVENTS:
        raise refuse("too_many_events", f"a request holds at most {MAX_EVENTS} events, not {events}")


def _scan(body: bytes, reason: str) -> list[bytes]:
    """Return the elements of an array that msgspec does not read, for *reason*.

    Lone surrogates and NaN spoil one event here, not its neighbours. Raises Refused, with a pointer
    to the first element that does not end where it should.
    """
    text = body.decode(errors="surrogateescape")
    scan = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode
    elements: list[bytes] = []
    at = _next(text, text.index("[") + 1)
    try:
        while True:
            end = scan(text, at)[1]
            following = _next(text, end)
            if text[following : following + 1] not in {",", "]"}:
                break
            elements.append(text[at:end].encode(errors="surrogateescape"))
            if text[following] == "]" and _next(text, following + 1) == len(text):
                return elements
            at = _next(text, following + 1)
    except (ValueError, RecursionError):
        pass
    detail = f"is not JSON: {reason.removeprefix('JSON is malformed: ')}"
    raise refuse("not_json", f"the body {detail}", Finding(f"/{len(elements)}", "not_json", detail))


def _next(text: str, at: int) -> int:
    """Return where the next character that is no blank stands, from *at* on."""
    while text[at : at + 1] in {" ", "\t", "\r", "\n"}:
        at += 1
    return at
