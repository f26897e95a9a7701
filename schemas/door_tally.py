"""`weir.door`: what each ingress rejected, as absolute tallies. Approximate after a kill."""

from typing import Final

import msgspec

from schemas.errors import MALFORMED, Reject


class TallyKey(msgspec.Struct, array_like=True, frozen=True):
    """One counter of one run of an ingress process."""

    #: Unique for each start of an ingress process.
    run: str
    tenant: str
    #: The receipt's code, such as quantity_negative.
    code: str
    #: Hour in which they were rejected.
    hour_ms: int


_encode: Final = msgspec.json.Encoder().encode
_decode_key: Final = msgspec.json.Decoder(TallyKey).decode
_decode_value: Final = msgspec.json.Decoder(int).decode


def encode_tally(key: TallyKey, events: int) -> tuple[bytes, bytes]:
    """Return (key, value) of the record."""
    return _encode(key), _encode(events)


def decode_tally(key: bytes, value: bytes) -> tuple[TallyKey, int]:
    """Return what a record says. Raises Reject."""
    try:
        return _decode_key(key), _decode_value(value)
    except MALFORMED as error:
        raise Reject(f"not a tally: {error}") from None
