"""What a process of a running stack measures, from its own metrics."""

import http.client
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

_SECONDS: Final = 2.0


class Sample(NamedTuple):
    """One series as it is now."""

    name: str
    labels: Mapping[str, str]
    value: float


def samples(address: str) -> Iterator[Sample]:
    """Yield every series of the process whose metrics are at *address*; none if it does not answer."""
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415 - where a stack runs

    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as answer:  # noqa: S310 - of our own stack
            text = answer.read().decode()
    except (OSError, http.client.HTTPException):
        return
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield Sample(sample.name, sample.labels, sample.value)
