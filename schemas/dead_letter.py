"""`weir.dead-letters`: what could not be read or stored, with its bytes, reason and origin."""

from typing import Final

import msgspec

from schemas.errors import MALFORMED, Reject


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One record that a process set aside. The Kafka key is the source position as text."""

    #: Source position: topic, partition, offset.
    topic: str
    partition: int
    offset: int
    #: Which part set it aside: "processor" or "sink:<name>".
    stage: str
    #: Machine's word for the reason, and a sentence for people.
    reason: str
    detail: str
    #: Empty where the record does not tell.
    tenant: str = ""
    key: bytes = b""
    #: The original bytes.
    value: bytes


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(DeadLetter).decode


def encode_dead_letter(letter: DeadLetter) -> tuple[bytes, bytes]:
    """Return (key, value) of the record for *letter*."""
    return f"{letter.topic}/{letter.partition}/{letter.offset}".encode(), _encode(letter)


def decode_dead_letter(value: bytes) -> DeadLetter:
    """Return the dead letter in *value*. Raises Reject."""
    try:
        return _decode(value)
    except MALFORMED as error:
        raise Reject(f"not a dead letter: {error}") from None
