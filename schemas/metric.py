"""What a metric is: its name, its labels with their values, who exports it. No client library here."""

from typing import Final

import msgspec

from schemas.process import Process

PREFIX: Final = "weir_"


class Label(msgspec.Struct, frozen=True):
    """A label. Without *values* it is open: routes, topics and the like are named at the start or later."""

    name: str
    values: tuple[str, ...] = ()


class Metric(msgspec.Struct, frozen=True):
    """What all three kinds of metric declare."""

    #: Without the prefix.
    name: str
    help: str
    processes: tuple[Process, ...]
    labels: tuple[Label, ...] = ()

    @property
    def full_name(self) -> str:
        """Return the name on /metrics; a histogram's series add their endings to it."""
        return PREFIX + self.name

    @property
    def kind(self) -> str:
        """Return counter, gauge or histogram."""
        return type(self).__name__.lower()


class Counter(Metric, frozen=True):
    """A number of things since the start of the process; its name ends in `_total`."""


class Gauge(Metric, frozen=True):
    """A number as it is now. A time is a timestamp, never an age: an age lies when the process hangs."""


class Histogram(Metric, frozen=True, kw_only=True):
    """How many observations were at most each of *buckets*."""

    buckets: tuple[float, ...]
