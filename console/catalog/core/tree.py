"""A document whose every value knows its line, so that a finding can point at it."""

from collections.abc import Mapping
from typing import NamedTuple


class Node(NamedTuple):
    """One value of the document; lists and mappings hold nodes."""

    line: int
    value: "str | int | bool | Mapping[str, Node] | tuple[Node, ...] | None"


class Finding(NamedTuple):
    """One fault, fit to be printed: line, where in the document, what is wrong."""

    line: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"line {self.line}: {where}{self.message}"
