"""What an archive file is called."""

from typing import NamedTuple

from sinks.core.log import Claim


class FileName(NamedTuple):
    """Where a stretch of one log is kept.

    The epoch makes the name unique for ever: nobody else writes with it, and its owner writes no
    offset twice.
    """

    stream: str
    generation: int
    partition: int
    first_offset: int
    last_offset: int
    epoch: int

    def __str__(self) -> str:
        """Write it as a path below the archive's root."""
        return (
            f"{self.stream}/generation={self.generation}/partition={self.partition}/"
            f"{self.first_offset:019d}-{self.last_offset:019d}-{self.epoch}.parquet"
        )


def file_name(claim: Claim, first_offset: int, last_offset: int) -> FileName:
    """Return the name for the offsets *first_offset* to *last_offset* of a log that is ours."""
    topic, partition = claim.log
    return FileName(topic, claim.generation, partition, first_offset, last_offset, claim.epoch)
