"""The seeds that every run of CI repeats. A seed that failed once belongs here, with a word why."""

from typing import Final, NamedTuple

#: As many of a seed without a number of its own.
STEPS: Final = 4_000


class Known(NamedTuple):
    """A run that is repeated."""

    seed: int
    why: str
    steps: int = STEPS


SEEDS: Final = (
    Known(1, "finds most of what was ever broken on purpose; dedupe tables are sealed all the time"),
    Known(2, "finds a fence that nobody minds; one partition, a short horizon"),
    Known(3, "many events, kills and compactions; old copies of the disk"),
    Known(4, "ghosts, and sinks that are assigned anew and set back"),
    Known(5, "many hours, sinks that die"),
    Known(7, "three partitions, a short horizon"),
    Known(8, "frozen processors"),
    Known(9, "four partitions that change their owners; many versions of the meters"),
    Known(10, "one partition that much comes to"),
    Known(12, "four partitions, everything appended at once, ghosts"),
)
