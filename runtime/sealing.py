"""Secrets at rest: AES-256-GCM under keys that come from the settings.

A sealed secret names the key that it was sealed with, so that a key can be changed: the new one seals,
the one before still opens, until everything is sealed anew.
"""

import hashlib
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runtime.settings import Settings
from schemas.errors import Misconfigured

#: What 256 random bits take as text, in whichever usual way they are written.
_LEAST_CHARACTERS: Final = 32
_FORM: Final = b"\x01"
_KEY_NAME_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = len(_FORM) + _KEY_NAME_BYTES + _NONCE_BYTES


class Keyring:
    """The key that seals, and those that still open."""

    def __init__(self, sealing: str, *opening: str) -> None:
        """Take keys as their texts. Raises Misconfigured where one is too short to be random."""
        for text in (sealing, *opening):
            if len(text) < _LEAST_CHARACTERS:
                raise Misconfigured(
                    f"WEIR_SECRET_KEY and WEIR_SECRET_KEY_PREVIOUS have {_LEAST_CHARACTERS} characters at "
                    "least: make one with `openssl rand -base64 32`"
                )
        self._ciphers = {_key_name(text): AESGCM(_key(text)) for text in (*opening, sealing)}
        self._sealing = _key_name(sealing)

    @classmethod
    def of(cls, settings: Settings) -> "Keyring":
        """Return the keys that *settings* name. Raises Misconfigured."""
        settings.need("secret_key")
        previous = settings.secret_key_previous
        return cls(settings.secret_key, *([previous] if previous else []))

    def seal(self, secret: bytes, purpose: str) -> bytes:
        """Return *secret* so that only this key opens it, and only for *purpose*."""
        nonce = os.urandom(_NONCE_BYTES)
        head = _FORM + self._sealing + nonce
        return head + self._ciphers[self._sealing].encrypt(nonce, secret, _bound(head, purpose))

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Return the secret. Raises Misconfigured where no key opens it for *purpose*."""
        head, rest = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        cipher = self._ciphers.get(head[len(_FORM) : -_NONCE_BYTES])
        if cipher is None or not head.startswith(_FORM):
            raise Misconfigured(
                "a secret was sealed with another key: set WEIR_SECRET_KEY_PREVIOUS to the key before, "
                "or store the secret anew"
            )
        try:
            return cipher.decrypt(head[-_NONCE_BYTES:], rest, _bound(head, purpose))
        except InvalidTag:
            raise Misconfigured("a sealed secret was changed, or belongs elsewhere: store it anew") from None

    def is_current(self, sealed: bytes) -> bool:
        """Say whether *sealed* was sealed with the key that seals now."""
        return sealed[len(_FORM) : len(_FORM) + _KEY_NAME_BYTES] == self._sealing


def _key(text: str) -> bytes:
    # The text is random already; this makes it as long as AES wants it.
    return hashlib.blake2b(text.encode(), digest_size=32, person=b"weir.sealing").digest()


def _key_name(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=_KEY_NAME_BYTES, person=b"weir.key-name").digest()


def _bound(head: bytes, purpose: str) -> bytes:
    return head + purpose.encode()
