"""One record of a log, as a sink sees it."""

from collections.abc import Sequence

import msgspec


class Record(msgspec.Struct, frozen=True, gc=False):
    """What Kafka delivers, without Kafka."""

    offset: int
    #: The broker's append time, or the producer's, as the topic is set.
    time_ms: int
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, str | bytes | None]] = ()
