"""What became of an event behind the record: is it in the mirror?"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

from schemas.stripe_types import is_handled
from schemas.webhook import is_trial

#: pending: the mirror has not read it yet. handled: it is in the mirror. unhandled: of a type that the mirror
#: has no use for. trial: sent by `weir webhook test`. failed: nothing could be made of it, it will be tried
#: again. failed_permanent: it was tried as often as it is worth.
Status = Literal["pending", "handled", "unhandled", "trial", "failed", "failed_permanent"]
#: Those that lists are narrowed down to; the others are the rule.
Asked = Literal["pending", "unhandled", "failed", "failed_permanent"]

#: By `state` in webhook_failures.
STATUS_OF_FAILURE: Final[Mapping[str, Status]] = {
    "waiting": "failed",
    "permanent": "failed_permanent",
    "handled": "handled",
}


class Failure(NamedTuple):
    """How it went with an event that failed."""

    attempts: int
    #: As in webhook_failures.
    state: str
    #: Of the last attempt.
    error: str


class Handling(NamedTuple):
    """What became of an event."""

    status: Status
    #: How often it was tried in vain.
    attempts: int
    #: None: it did not fail, or no more.
    error: str | None


class Mirrored:
    """How far the mirror has read the log, by partition."""

    def __init__(self, progress: Iterable[tuple[int, int, int]]) -> None:
        """Take partitions with the generation and the offset up to which they are read."""
        self._read = {partition: (generation, offset) for partition, generation, offset in progress}

    def has_read(self, partition: int, generation: int, offset: int) -> bool:
        """Say whether it has read the record there."""
        return (generation, offset) <= self._read.get(partition, (0, -1))


def handling_of(event_id: str, event_type: str, failure: Failure | None, *, is_read: bool) -> Handling:
    """Return what became of an event of *event_type*; *is_read*: the mirror has read its delivery."""
    attempts = 0 if failure is None else failure.attempts
    if is_trial(event_id):
        return Handling("trial", attempts, None)
    if not is_handled(event_type):
        return Handling("unhandled", attempts, None)
    if failure is not None:
        status = STATUS_OF_FAILURE[failure.state]
        return Handling(status, attempts, None if status == "handled" else failure.error)
    return Handling("handled" if is_read else "pending", attempts, None)
