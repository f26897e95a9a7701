"""What a durable job is."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

#: The one queue of ours; procrastinate asks for a name.
QUEUE: Final = "weir"


class Job(NamedTuple):
    """Work under a name, done by one process at a time for each order.

    *work* gets the order's arguments by name. It is begun again where it was stopped, so it must be
    repeatable; it raises TryAgain to be tried later, and any other error when that would not help.
    """

    #: Also a value of the label `job`.
    name: str
    work: Callable[..., Awaitable[None]]
    #: A job with a period is ordered once in each, without arguments, whatever number of processes there is.
    every_s: int | None = None
    #: Called in each process once a period, for what it shows.
    look: Callable[[], Awaitable[None]] | None = None
