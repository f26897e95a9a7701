"""Stripe's signature, checked by Stripe's own library: over the raw bytes, in constant time."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from ingest.core.signature_header import Refusal, refusal_of, signed_at
from ingest.webhook_secrets import Secret

if TYPE_CHECKING:
    from stripe import WebhookSignature


class Unverified(Exception):  # noqa: N818 -- an answer, not an error
    """The webhook is not its tenant's, or not of now."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


@cache
def library() -> "type[WebhookSignature]":
    """Return what checks. It takes 8 MB and a tenth of a second that only who has webhooks needs."""
    from stripe import WebhookSignature  # noqa: PLC0415

    return WebhookSignature


def is_loaded() -> bool:
    """Say whether the library is here already."""
    return library.cache_info().currsize > 0


def verify(payload: bytes, header: str | None, secrets: Sequence[Secret], now_s: float) -> Secret:
    """Return which of *secrets* signed *payload*. Raises Unverified."""
    if not header:
        raise Unverified(Refusal.NO_HEADER)
    # What is no moment cannot have been signed by Stripe.
    moment = signed_at(header)
    if moment is None:
        raise Unverified(Refusal.MALFORMED)
    for secret in secrets:
        if _matches(payload, header, secret):
            if (refusal := refusal_of(moment, now_s)) is not None:
                raise Unverified(refusal)
            return secret
    raise Unverified(Refusal.BAD_SIGNATURE)


def _matches(payload: bytes, header: str, secret: Secret) -> bool:
    # Without a tolerance of its own: it has one into the past only.
    try:
        return bool(library().verify_header(payload, header, secret.text, tolerance=None))
    except Exception:  # noqa: BLE001 -- it raises more kinds than it names: UnicodeDecodeError, TypeError
        return False
