"""When a `Stripe-Signature` says that it was made. Whether it is true is for the signature to say."""

from enum import StrEnum
from typing import Final

#: How far the moment of a signature may be from now, both ways.
TOLERANCE_SECONDS: Final = 300
#: More digits are no moment.
_MOST_DIGITS: Final = 12


class Refusal(StrEnum):
    """Why a webhook is not taken; its sender does not hear which."""

    NO_HEADER = "no_header"
    MALFORMED = "malformed"
    BAD_SIGNATURE = "bad_signature"
    STALE = "stale"
    FUTURE = "future"
    TOO_LARGE = "too_large"
    UNKNOWN_ENDPOINT = "unknown_endpoint"


def signed_at(header: str) -> int | None:
    """Return the second of the first `t`, which is the one that is signed; None where it is none."""
    for item in header.split(","):
        name, _, value = item.partition("=")
        if name == "t":
            is_plain = value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS
            return int(value) if is_plain else None
    return None


def refusal_of(signed_at_s: int, now_s: float) -> Refusal | None:
    """Return what is wrong with a signature of that second, at *now_s*."""
    if signed_at_s < now_s - TOLERANCE_SECONDS:
        return Refusal.STALE
    if signed_at_s > now_s + TOLERANCE_SECONDS:
        return Refusal.FUTURE
    return None
