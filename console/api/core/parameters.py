"""Reads a query string strictly: every fault of it is found, and a name that means nothing is one."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

import msgspec

from console.api.core.problem import bad_parameters
from console.usage.core.cursor import unseal
from schemas.admission import Finding, text_fault
from schemas.errors import Reject
from schemas.instant import HOUR_MS, MINUTE_MS, SECOND_MS, parse_instant
from schemas.webhook import LONGEST_NAME

T = TypeVar("T")
P = TypeVar("P", bound=msgspec.Struct)

_DURATION: Final = re.compile(r"(\d{1,6})(ms|s|m|h)", re.ASCII)
_UNITS: Final = {"ms": 1, "s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS}
MOST: Final = 1_000


class Parameters:
    """The query string of one request. Call `done` when all has been read."""

    def __init__(self, given: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, str] = {}
        self._faults: list[Finding] = []
        for name, value in given:
            if name in self._values:
                self.fault(name, "given_twice", "stands twice in the query")
            self._values[name] = value

    def take(self, name: str, read: Callable[[str], T]) -> T | None:
        """Return what *read* makes of parameter *name*; None if it is not given, or wrong."""
        value = self._values.pop(name, None)
        if value is None:
            return None
        try:
            return read(value)
        except ValueError as error:
            self.fault(name, "invalid", str(error))
            return None

    def require(self, name: str, read: Callable[[str], T], without: T) -> T:
        """Return parameter *name*, which has to be given; *without* only ever meets `done`."""
        if name not in self._values:
            self.fault(name, "missing", "has to be given")
        value = self.take(name, read)
        return without if value is None else value

    def fault(self, name: str, code: str, detail: str) -> None:
        """Find fault with parameter *name*."""
        self._faults.append(Finding(f"/{name}", code, detail))

    def done(self) -> None:
        """Raise Refused with every fault, parameters that nobody took included."""
        for name in self._values:
            self.fault(name, "unknown", "is no parameter of this address: see /docs")
        if self._faults:
            raise bad_parameters(*self._faults)


def cursor(scope: str, secret: bytes, kind: type[P]) -> Callable[[str], P]:
    """Return a reader of cursors that were sealed for *scope*."""

    def read(value: str) -> P:
        try:
            return unseal(value, scope, secret, kind)
        except Reject as error:
            raise ValueError(str(error)) from None

    return read


def name_of(value: str) -> str:
    """Return a name of 1 to 128 printable characters."""
    fault = text_fault("/name", value)
    if fault is not None:
        raise ValueError(fault.detail)
    return value


def stripe_name(value: str) -> str:
    """Return a name as Stripe gives them."""
    if 1 <= len(value) <= LONGEST_NAME and value.isascii() and value.isprintable():
        return value
    raise ValueError(f"must be 1 to {LONGEST_NAME} printable characters of ASCII")


def names_of(value: str) -> tuple[str, ...]:
    """Return different names, with commas between them."""
    found = tuple(name_of(name) for name in value.split(","))
    if len(set(found)) < len(found):
        raise ValueError("names one thing twice")
    return found


def instant(value: str) -> int:
    """Return an instant in ms."""
    return parse_instant(value)


def limit(value: str) -> int:
    """Return how many answers are wanted."""
    if value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= MOST:
        return int(value)
    raise ValueError(f"must be a whole number from 1 to {MOST}")


def duration(value: str) -> int:
    """Return a duration in ms."""
    match = _DURATION.fullmatch(value)
    if match is None:
        raise ValueError("must be a time such as 500ms, 2s or 1m")
    return int(match[1]) * _UNITS[match[2]]


def one_of(words: Mapping[str, T]) -> Callable[[str], T]:
    """Return a reader that takes one of *words*."""

    def read(value: str) -> T:
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return words[value]

    return read
