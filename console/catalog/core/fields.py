"""Reads the fields of one mapping and collects what is wrong with them."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

from console.catalog.core.tree import Finding, Node
from schemas.members import steps_of

T = TypeVar("T")
Word = TypeVar("Word", bound=StrEnum)

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")
NOTHING: Final[Mapping[str, Node]] = MappingProxyType({})


class Fields(NamedTuple):
    """One mapping of the document, the findings on it go to a list that its neighbours share."""

    line: int
    path: str
    members: Mapping[str, Node]
    findings: list[Finding]

    def take(self, name: str, read: Callable[[Node], T], default: T) -> T:
        """Return what *read* makes of field *name*; *default* if it is missing or wrong.

        *read* raises ValueError with what the value must be.
        """
        node = self.members.get(name)
        if node is None:
            return default
        try:
            return read(node)
        except ValueError as error:
            self.fault(node.line, name, str(error))
            return default

    def require(self, name: str) -> None:
        """Find fault with a missing field."""
        if name not in self.members:
            self.fault(self.line, name, "is missing")

    def refuse_others(self, known: frozenset[str]) -> None:
        """Find fault with every field that means nothing: often a slip of the pen."""
        for name, node in self.members.items():
            if name not in known:
                self.fault(node.line, name, f"is unknown: write one of {', '.join(sorted(known))}")

    def check_name(self, name: str) -> None:
        """Find fault with *name*, which the document gives to what the mapping describes."""
        if not _NAME.fullmatch(name):
            self.fault(self.line, "", "must be named by a-z, 0-9, - and _, a letter first, at most 64")

    def fault(self, line: int, name: str, message: str) -> None:
        """Add a finding."""
        path = f"{self.path}.{name}" if self.path and name else self.path or name
        self.findings.append(Finding(line, path, message))


def fields_of(path: str, node: Node, findings: list[Finding]) -> Fields:
    """Return the fields of what must be a mapping, or empty; a finding if it is neither."""
    if isinstance(node.value, Mapping):
        return Fields(node.line, path, node.value, findings)
    if node.value is not None:
        findings.append(Finding(node.line, path, "must be a mapping, or empty"))
    return Fields(node.line, path, NOTHING, findings)


def mapping(node: Node) -> Mapping[str, Node]:
    """Return the members of a mapping."""
    if not isinstance(node.value, Mapping):
        raise ValueError("must be a mapping of names to values")  # noqa: TRY004 - one way out for every bad value
    return node.value


def text(node: Node) -> str:
    """Return text of 1 to 128 printable characters."""
    if isinstance(node.value, str) and node.value.isprintable() and 1 <= len(node.value) <= 128:  # noqa: PLR2004
        return node.value
    raise ValueError("must be text of 1 to 128 printable characters")


def one_of(words: type[Word]) -> Callable[[Node], Word]:
    """Return what reads one of *words*."""

    def read(node: Node) -> Word:
        try:
            return words(node.value)  # type: ignore[arg-type]  # anything else is the ValueError
        except ValueError:
            raise ValueError(f"must be one of {', '.join(words)}") from None

    return read


def whole(node: Node) -> int:
    """Return a whole number above 0."""
    if isinstance(node.value, int) and not isinstance(node.value, bool) and node.value > 0:
        return node.value
    raise ValueError("must be a whole number above 0")


def names(node: Node) -> tuple[str, ...]:
    """Return a list of different names."""
    if not isinstance(node.value, tuple):
        raise ValueError("must be a list of names")  # noqa: TRY004
    found = tuple(text(item) for item in node.value)
    if len(set(found)) < len(found):
        raise ValueError("names one thing twice")
    return found


def places(node: Node) -> tuple[str, ...]:
    """Return a list of different names or JSON pointers into an event's data."""
    found = names(node)
    for place in found:
        steps_of(place)
    return found


def texts(node: Node) -> tuple[str, ...]:
    """Return one value, or a list of different ones, as the texts that they have in JSON."""
    items = node.value if isinstance(node.value, tuple) else (node,)
    found = tuple(_scalar(item) for item in items)
    if not found or len(set(found)) < len(found):
        raise ValueError("must be one value, or a list of different ones")
    return found


def _scalar(node: Node) -> str:
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    return str(node.value) if isinstance(node.value, int) else text(node)
