"""API keys: 256 random bits behind `wk_`. Only the SHA-256 of the text is kept anywhere."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, NamedTuple

from schemas.errors import Reject

PREFIX: Final = "wk_"
RANDOM_BYTES: Final = 32
SCOPES: Final = ("ingest", "read", "admin")
_KEY: Final = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}")
_ID_LENGTH: Final = 8


class NewKey(NamedTuple):
    """A key at the one moment at which its text is known."""

    text: str
    key_id: str
    key_hash: bytes


def new_key(randomness: bytes) -> NewKey:
    """Return the key made of 32 random bytes; a hash so wide needs no salt and no slow function."""
    if len(randomness) != RANDOM_BYTES:
        raise ValueError(f"a key takes {RANDOM_BYTES} random bytes")
    text = PREFIX + urlsafe_b64encode(randomness).decode().rstrip("=")
    key_hash = hash_of(text)
    return NewKey(text, key_hash.hex()[:_ID_LENGTH], key_hash)


def hash_of(text: str) -> bytes:
    """Return the SHA-256 under which the key *text* is known."""
    return sha256(text.encode()).digest()


def is_key(text: str) -> bool:
    """Say whether *text* has the form of a key."""
    return _KEY.fullmatch(text) is not None


def scopes_of(words: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes in *words*, each once, in our order. Raises Reject."""
    wanted = {word.strip() for part in words for word in part.split(",") if word.strip()}
    if unknown := sorted(wanted.difference(SCOPES)):
        raise Reject(f"{', '.join(unknown)} is no scope: choose from {', '.join(SCOPES)}")
    if not wanted:
        raise Reject(f"a key needs a scope: choose from {', '.join(SCOPES)}")
    return tuple(scope for scope in SCOPES if scope in wanted)
