"""Finding the rows that a store refuses among those that it takes."""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

Row = TypeVar("Row")


class Refused(Exception):  # noqa: N818 - an answer of the store, not a fault of ours
    """The store will never take at least one of these rows; nothing of the attempt is stored."""


class Refusal(NamedTuple, Generic[Row]):
    """One row that the store will not take, and its word for why."""

    row: Row
    reason: str


def store_all_but_refused(rows: Sequence[Row], store: Callable[[Sequence[Row]], None]) -> list[Refusal[Row]]:
    """Store every row that *store* takes, by halving what it refuses, and return the others.

    *store* takes all rows of a call or none, and then raises Refused. One bad row among n costs
    about 2 log2(n) calls.
    """
    if not rows:
        return []
    try:
        store(rows)
    except Refused as refused:
        if len(rows) == 1:
            return [Refusal(rows[0], str(refused))]
        middle = len(rows) // 2
        return [
            *store_all_but_refused(rows[:middle], store),
            *store_all_but_refused(rows[middle:], store),
        ]
    return []
