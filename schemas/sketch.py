"""What some meters keep of a window beside its partial: its values while they are few, then a sketch.

It lies in pages by value. Each page is a record of its own on `weir.rollups`: an event writes a few
hundred bytes anew, and one that says nothing new writes none. A page is exact or blurred by itself;
`Sketch` makes of a window's pages what their values alone decide, in whatever order they came.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Protocol, Self

#: A window keeps so many different values exactly.
EXACT_UP_TO: Final = 256


class Page(Protocol):
    """Some of a window's values."""

    #: Whether it knows its values one by one.
    is_exact: bool

    @property
    def entries(self) -> int:
        """Number of different values; of a blurred page nothing that means anything."""

    def add(self, value: int, times: int = 1) -> bool:
        """Add a value of this page so many *times*; say whether that changed anything."""

    def blur(self) -> None:
        """Forget single values. What it has become is the same whenever that happens."""

    def merge(self, other: Self) -> None:
        """Add all of *other*, which is a page of the same number; blurs where one of them is."""

    def encode(self) -> bytes:
        """Return its one form in bytes."""


class Kind(Protocol):
    """One way to keep values."""

    #: Whether values are amounts, which the partial adds up as well.
    has_amounts: bool
    #: Whether it matters when a value came.
    has_times: bool

    def entry_of(self, at_ms: int, value: int) -> int:
        """Return what stands in pages for an event of *value* at *at_ms*."""

    def page_of(self, value: int) -> int:
        """Return the number of the page to which *value* belongs."""

    def page(self, number: int) -> Page:
        """Return page *number*, empty."""

    def read(self, number: int, content: bytes) -> Page:
        """Return what `Page.encode` made of page *number*. Raises Reject."""


class Sketch:
    """The pages of one window, or of several merged: all of them exact, or all blurred."""

    def __init__(self, kind: Kind, pages: Mapping[int, Page]) -> None:
        """Take *pages*, which must be alike, by number."""
        self.kind = kind
        self.pages = pages

    @property
    def is_exact(self) -> bool:
        """Whether every value is known."""
        return all(page.is_exact for page in self.pages.values())

    def encode(self) -> bytes:
        """Return bytes that are equal if and only if the sketches are."""
        parts = ((number, self.pages[number].encode()) for number in sorted(self.pages))
        return b"".join(b"%d:%d:%b" % (number, len(content), content) for number, content in parts)


def read_window(kind: Kind, contents: Iterable[tuple[int, bytes]]) -> Sketch:
    """Return the sketch of one window from numbers and contents of its pages. Raises Reject."""
    return _settled(kind, {number: kind.read(number, content) for number, content in contents})


def of_values(kind: Kind, values: Iterable[int]) -> Sketch:
    """Return the sketch of one window with these *values*."""
    return of_counts(kind, ((value, 1) for value in values))


def of_counts(kind: Kind, values: Iterable[tuple[int, int]]) -> Sketch:
    """Return the sketch of one window with these values, each with how often it came."""
    pages: dict[int, Page] = {}
    for value, times in values:
        number = kind.page_of(value)
        page = pages.get(number)
        if page is None:
            page = pages[number] = kind.page(number)
        page.add(value, times)
    return _settled(kind, pages)


def merged(kind: Kind, sketches: Iterable[Sketch]) -> Sketch:
    """Return the sketch of several windows or groups; exact where all are, however many values that makes."""
    pages: dict[int, Page] = {}
    is_exact = True
    for sketch in sketches:
        is_exact = is_exact and sketch.is_exact
        for number, page in sketch.pages.items():
            if number not in pages:
                pages[number] = kind.page(number)
            pages[number].merge(page)
    return Sketch(kind, pages if is_exact else _blurred(pages))


def _settled(kind: Kind, pages: dict[int, Page]) -> Sketch:
    few = sum(page.entries for page in pages.values()) <= EXACT_UP_TO
    is_exact = few and all(page.is_exact for page in pages.values())
    return Sketch(kind, pages if is_exact else _blurred(pages))


def _blurred(pages: dict[int, Page]) -> dict[int, Page]:
    for page in pages.values():
        page.blur()
    return pages
