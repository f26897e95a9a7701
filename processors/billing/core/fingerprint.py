"""Which members an object has, in four bytes each: enough to see whether one version follows another."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from xxhash import xxh3_64_digest

_BYTES: Final = 4

_encode_sorted: Final = msgspec.json.Encoder(order="sorted").encode


def fingerprint(found: Mapping[str, Any]) -> bytes:
    """Return the hashes of the members of *found*, in their order."""
    return b"".join(sorted(_hash(name, value) for name, value in found.items()))


def fingerprint_before(found: Mapping[str, Any], previous: Mapping[str, Any]) -> bytes:
    """Return the hashes that the members named in *previous* had, before *found* came of them."""
    return b"".join(sorted(_hash(name, _reverted(found.get(name), was)) for name, was in previous.items()))


def unexplained(one: bytes, before: bytes, following: bytes) -> int | None:
    """Return how many members changed from *one* to *following*, both of whole objects, without a word.

    *before* is what the change to *following* names. None: it names something that *one* did not have.
    """
    was, named, now = _parts(one), _parts(before), _parts(following)
    return max(0, len(now) - len(named) - len(was & now)) if named <= was else None


def _parts(fingerprint: bytes) -> frozenset[bytes]:
    return frozenset(fingerprint[at : at + _BYTES] for at in range(0, len(fingerprint), _BYTES))


def _reverted(now: object, was: object) -> object:
    """Return a member as it was; of an object Stripe names what changed in it, and null for what was not."""
    if isinstance(now, dict) and isinstance(was, dict):
        return {**now, **{name: _reverted(now.get(name), value) for name, value in was.items()}}
    return was


def _hash(name: str, value: object) -> bytes:
    if isinstance(value, dict):
        value = {inner: one for inner, one in value.items() if one is not None}
    try:
        written = _encode_sorted((name, value))
    except UnicodeEncodeError:  # half of a character
        written = json.dumps((name, value), sort_keys=True, default=_text).encode()
    return xxh3_64_digest(written)[:_BYTES]


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)
