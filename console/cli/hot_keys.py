"""What the processors of a stack measure of hot keys, from their own metrics."""

from collections.abc import Iterable
from typing import NamedTuple

from console.cli.samples import samples
from schemas.metrics import HOT_KEY_SHARE, HOT_KEYS


class Hot(NamedTuple):
    """How many keys of a kind are hot, and the largest of their shares, from 0 to 1."""

    keys: int = 0
    largest_share: float = 0.0


def hot_keys(addresses: Iterable[str]) -> dict[str, Hot]:
    """Return what is hot, by kind, as the processes at *addresses* tell; who does not answer is left out."""
    found: dict[str, Hot] = {}
    for address in addresses:
        for name, labels, value in samples(address):
            kind = labels.get("kind", "")
            before = found.get(kind, Hot())
            if name == HOT_KEYS.full_name:
                found[kind] = before._replace(keys=before.keys + int(value))
            elif name == HOT_KEY_SHARE.full_name:
                found[kind] = before._replace(largest_share=max(before.largest_share, value))
    return found
