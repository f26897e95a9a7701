"""Signing secrets as Stripe gives them: read, named, and told from what is none."""

from typing import Final

from schemas.errors import Reject

RANDOM_BYTES: Final = 4
_BEGINNING: Final = "whsec_"
_LEAST, _MOST = 16, 255
_WHERE: Final = (
    "Stripe shows it as the signing secret of the endpoint, in the dashboard under Webhooks; "
    "`stripe listen` prints the one of the Stripe CLI"
)


def secret_of(given: bytes) -> str:
    """Return the secret in *given*, a file's content. Raises Reject, which does not quote it."""
    text = given.decode("latin-1").strip()
    if not text:
        raise Reject(f"there is no secret in it. {_WHERE}")
    if not text.startswith(_BEGINNING):
        raise Reject(f"a signing secret begins with {_BEGINNING}, and this does not. {_WHERE}")
    if not (_LEAST <= len(text) <= _MOST and text.isascii() and text.isprintable() and " " not in text):
        raise Reject(
            f"a signing secret is one line of {_LEAST} to {_MOST} letters, digits and signs. {_WHERE}"
        )
    return text


def secret_id(randomness: bytes) -> str:
    """Return the name of a new secret."""
    return f"ws_{randomness.hex()}"
