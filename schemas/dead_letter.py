"""`weir.dead-letters`: what could not be read or stored, with its bytes, reason and origin.

A record on the log may be as large as the broker takes, so a letter about it has to be smaller:
beyond KEPT_BYTES it is cut. The whole record still stands at its source position and in the archive.
"""

from typing import Final

import msgspec

from schemas.errors import MALFORMED, Reject

#: How much of a value, and of a key, a letter keeps; both together fit into any producer's batch.
KEPT_BYTES: Final = 512 * 1024
KEPT_KEY_BYTES: Final = 16 * 1024
_KEPT_DETAIL: Final = 1_000


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


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(DeadLetter).decode


def encode_dead_letter(letter: DeadLetter) -> tuple[bytes, bytes]:
    """Return (key, value) of the record for *letter*, cut where it is too long to be sent."""
    return f"{letter.topic}/{letter.partition}/{letter.offset}".encode(), _encode(_fitted(letter))


def decode_dead_letter(value: bytes) -> DeadLetter:
    """Return the dead letter in *value*. Raises Reject."""
    try:
        return _decode(value)
    except MALFORMED as error:
        raise Reject(f"not a dead letter: {error}") from None


def _fitted(letter: DeadLetter) -> DeadLetter:
    detail = letter.detail[:_KEPT_DETAIL]
    if len(letter.value) > KEPT_BYTES:
        detail += f" (cut: the first {KEPT_BYTES} of {len(letter.value)} bytes)"
    return msgspec.structs.replace(
        letter, detail=detail, key=letter.key[:KEPT_KEY_BYTES], value=letter.value[:KEPT_BYTES]
    )
