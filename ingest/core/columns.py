"""Decodes the forms of an event: a batch to columns, one event to a row. Both forms then look alike."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

_NOTHING: Final = msgspec.Raw(b"")
_SPECVERSION: Final = b'"specversion"'
#: Quotation marks of the members that each form requires, and of those it may leave out.
_QUOTES_SHORT: Final = 12  # id, customer, meter
_QUOTES_ENVELOPE: Final = 16  # specversion, id, type, subject
_QUOTES_CONTENT_TYPE: Final = 4


class _Event(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: str
    customer: str
    type: str = msgspec.field(name="meter")
    source: str = ""
    time: str = ""
    data: msgspec.Raw = _NOTHING


class _Short(_Event, forbid_unknown_fields=True, gc=False):
    quantity: str = ""


class _ShortWithNumbers(_Event, forbid_unknown_fields=True, gc=False):
    quantity: msgspec.Raw = _NOTHING  # text or number; each one has to be copied


class _Envelope(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: str
    source: str
    type: str
    specversion: str
    customer: str = msgspec.field(name="subject")
    time: str = ""
    data: msgspec.Raw = _NOTHING
    datacontenttype: str = ""


_decode_shorts: Final = msgspec.json.Decoder(list[_Short]).decode
_decode_shorts_with_numbers: Final = msgspec.json.Decoder(list[_ShortWithNumbers]).decode
_decode_envelopes: Final = msgspec.json.Decoder(list[_Envelope]).decode
_decode_short: Final = msgspec.json.Decoder(_Short).decode
_decode_short_with_numbers: Final = msgspec.json.Decoder(_ShortWithNumbers).decode
_decode_envelope: Final = msgspec.json.Decoder(_Envelope).decode
_values: Final = msgspec.structs.astuple


class Row(NamedTuple):
    """An event as it was written. What is not there is empty."""

    id: str
    customer: str
    type: str
    source: str
    time: str
    #: JSON.
    data: bytes
    #: The text, or JSON; CloudEvents have theirs in their data.
    quantity: str | bytes
    #: Quotation marks of its required members, `source` left aside, and of those not named here.
    quotes: int
    in_envelope: bool


class Columns(NamedTuple):
    """A batch as it was written: the members of a row, each for all events."""

    ids: Sequence[str]
    customers: Sequence[str]
    types: Sequence[str]
    sources: Sequence[str]
    times: Sequence[str]
    data: Sequence[bytes]
    quantities: Sequence[str | bytes]
    quotes: Sequence[int]
    #: All of them are, or none.
    in_envelopes: bool


def read_row(body: bytes) -> Row:
    """Return the event in *body*, a JSON object. Raises msgspec.DecodeError."""
    try:
        id_, customer, type_, source, time, data, quantity = _values(_decode_short(body))
    except msgspec.ValidationError:
        return _read_rarer_row(body)
    return Row(id_, customer, type_, source, time, bytes(data), quantity, _QUOTES_SHORT, in_envelope=False)


def _read_rarer_row(body: bytes) -> Row:
    if _SPECVERSION in body:
        envelope = _values(_decode_envelope(body))
        id_, source, type_, version, customer, time, data, content_type = envelope
        _check_versions([version])
        quotes = _QUOTES_ENVELOPE + _QUOTES_CONTENT_TYPE * bool(content_type)
        return Row(id_, customer, type_, source, time, bytes(data), "", quotes, in_envelope=True)
    id_, customer, type_, source, time, data, raw = _values(_decode_short_with_numbers(body))
    return Row(id_, customer, type_, source, time, bytes(data), bytes(raw), _QUOTES_SHORT, in_envelope=False)


def read_columns(body: bytes) -> Columns | None:
    """Return the columns of *body*, a JSON array; None where it is empty. Raises msgspec.DecodeError."""
    try:
        rows = [*map(_values, _decode_shorts(body))]
    except msgspec.ValidationError:
        # The first event of another form ends it, so that short forms are never searched for a name.
        if _SPECVERSION in body:
            return _envelopes([*map(_values, _decode_envelopes(body))])
        rows = [*map(_values, _decode_shorts_with_numbers(body))]
    return _shorts(rows)


def _shorts(rows: Sequence[tuple[Any, ...]]) -> Columns | None:
    if not rows:
        return None
    quantities: Sequence[str | bytes]
    ids, customers, types, sources, times, data, quantities = zip(*rows, strict=True)
    if isinstance(quantities[0], msgspec.Raw):
        quantities = _bytes(quantities)
    quotes = [_QUOTES_SHORT] * len(rows)
    return Columns(
        ids, customers, types, sources, times, _bytes(data), quantities, quotes, in_envelopes=False
    )


def _envelopes(rows: Sequence[tuple[Any, ...]]) -> Columns:
    ids, sources, types, versions, customers, times, data, content_types = zip(*rows, strict=True)
    _check_versions(versions)
    quotes = [_QUOTES_ENVELOPE + _QUOTES_CONTENT_TYPE * bool(each) for each in content_types]
    quantities = [""] * len(rows)
    return Columns(ids, customers, types, sources, times, _bytes(data), quantities, quotes, in_envelopes=True)


def _check_versions(versions: Sequence[str]) -> None:
    if versions.count("1.0") < len(versions):
        raise msgspec.ValidationError("no CloudEvents 1.0")


def _bytes(raws: Iterable[msgspec.Raw]) -> list[bytes]:
    # Most are not there, and what is not there need not be copied.
    return [b"" if raw is _NOTHING else bytes(raw) for raw in raws]
