"""What the processors of a stack measure of hot keys, from their own metrics."""

import http.client
import urllib.request
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from schemas.metrics import HOT_KEY_SHARE, HOT_KEYS

_SECONDS: Final = 2.0


class Hot(NamedTuple):
    """How many keys of a kind are hot, and the largest of their shares, from 0 to 1."""

    keys: int = 0
    largest_share: float = 0.0


def hot_keys(addresses: Iterable[str]) -> dict[str, Hot]:
    """Return what is hot, by kind, as the processes at *addresses* tell; who does not answer is left out."""
    found: dict[str, Hot] = {}
    for address in addresses:
        for name, kind, value in _samples(address):
            before = found.get(kind, Hot())
            if name == HOT_KEYS.full_name:
                found[kind] = before._replace(keys=before.keys + int(value))
            elif name == HOT_KEY_SHARE.full_name:
                found[kind] = before._replace(largest_share=max(before.largest_share, value))
    return found


def _samples(address: str) -> Iterator[tuple[str, str, float]]:
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415 - where a stack runs

    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as answer:  # noqa: S310 - of our own stack
            text = answer.read().decode()
    except (OSError, http.client.HTTPException):
        return
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels.get("kind", ""), sample.value
