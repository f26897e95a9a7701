"""The forms of an event as columns: one decoding for a whole batch, then what both forms have in common."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

_NOTHING: Final = msgspec.Raw(b"")
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
    quantity: msgspec.Raw = _NOTHING  # text or number, at five times the price


class _Envelope(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: str
    source: str
    type: str
    specversion: str
    customer: str = msgspec.field(name="subject")
    time: str = ""
    data: msgspec.Raw = _NOTHING
    datacontenttype: str = ""


_decode_short: Final = msgspec.json.Decoder(list[_Short]).decode
_decode_numbers: Final = msgspec.json.Decoder(list[_ShortWithNumbers]).decode
_decode_envelope: Final = msgspec.json.Decoder(list[_Envelope]).decode
_values: Final = msgspec.structs.astuple


class Columns(NamedTuple):
    """A batch as it was written, member by member. What is not there is empty."""

    ids: Sequence[str]
    customers: Sequence[str]
    types: Sequence[str]
    sources: Sequence[str]
    times: Sequence[str]
    #: JSON.
    data: Sequence[bytes]
    #: The text, or JSON; CloudEvents have theirs in their data.
    quantities: Sequence[str | bytes]
    #: Quotation marks of an event's required members, `source` left aside, and of those not named here.
    quotes: Sequence[int]
    #: Whether these are CloudEvents.
    in_envelopes: bool


def read_columns(body: bytes) -> Columns | None:
    """Return the columns of *body*, a JSON array; None where it is empty. Raises msgspec.DecodeError."""
    return _envelopes(body) if b'"specversion"' in body else _shorts(body)


def _shorts(body: bytes) -> Columns | None:
    quantities: Sequence[str | bytes]
    try:
        rows = [*map(_values, _decode_short(body))]
    except msgspec.ValidationError:
        rows = [*map(_values, _decode_numbers(body))]
    if not rows:
        return None
    ids, customers, types, sources, times, data, quantities = zip(*rows, strict=True)
    if isinstance(quantities[0], msgspec.Raw):
        quantities = _bytes(quantities)
    quotes = [_QUOTES_SHORT] * len(rows)
    return Columns(
        ids, customers, types, sources, times, _bytes(data), quantities, quotes, in_envelopes=False
    )


def _envelopes(body: bytes) -> Columns | None:
    rows = [*map(_values, _decode_envelope(body))]
    if not rows:
        return None
    ids, sources, types, versions, customers, times, data, content_types = zip(*rows, strict=True)
    if versions.count("1.0") < len(versions):
        raise msgspec.ValidationError("no CloudEvents 1.0")
    quotes = [_QUOTES_ENVELOPE + _QUOTES_CONTENT_TYPE * bool(each) for each in content_types]
    quantities = [""] * len(rows)
    return Columns(ids, customers, types, sources, times, _bytes(data), quantities, quotes, in_envelopes=True)


def _bytes(raws: Iterable[msgspec.Raw]) -> list[bytes]:
    # Most are not there, and what is not there need not be copied.
    return [b"" if raw is _NOTHING else bytes(raw) for raw in raws]
