"""The chain of the audit log: each hash covers the one before it, so that nothing can be altered unseen."""

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple


class Link(NamedTuple):
    """One row, as far as the chain goes."""

    id: int
    #: The row's content as PostgreSQL writes it as JSON.
    content: str
    hash: bytes


class Chain(NamedTuple):
    """How far the chain is whole."""

    #: Entries up to the first fault.
    entries: int
    #: SHA-256 of the newest of them, in hex; empty without any. Who notes it elsewhere can ask for it later.
    head: str
    #: The first fault, in words; empty where there is none.
    fault: str = ""


def follow(links: Iterable[Link], noted: str = "") -> Chain:
    """Return how far *links*, by id, are whole; *noted* is a head of before that has to be among them."""
    before = b""
    entries = 0
    seen = not noted
    for link in links:
        if link.id != entries + 1:
            return Chain(entries, before.hex(), f"entry {entries + 1} is missing")
        if link_hash(before, link.content) != link.hash:
            return Chain(entries, before.hex(), f"entry {link.id}, or the one before it, was altered")
        before, entries = link.hash, link.id
        seen = seen or before.hex() == noted
    if not seen:
        return Chain(entries, before.hex(), f"no entry has the hash {noted}: entries at the end are missing")
    return Chain(entries, before.hex())


def link_hash(before: bytes, content: str) -> bytes:
    """Return the hash of a row with *content* behind the row whose hash is *before*."""
    return sha256(before + content.encode()).digest()
