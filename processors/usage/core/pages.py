"""Rows of meters with large state: beside its partial a row has pages, each written only when it changes."""

from collections.abc import Callable, Iterator

import msgspec

from processors.usage.core.rows import UsageRow
from schemas import rollup
from schemas.sketch import EXACT_UP_TO, Kind, Page
from schemas.stamp import NEVER


class PageRow:
    """One page of a row. It is stamped with the last record that changed it."""

    __slots__ = ("dirty", "key", "page", "stamp")

    def __init__(self, key: bytes, page: Page) -> None:
        """Start with *page*; *key* is the encoded rollup key."""
        self.key = key
        self.page = page
        self.dirty = False
        self.stamp = NEVER

    def encode(self) -> bytes:
        """Return the record's value, a schemas.rollup.SketchRow."""
        return rollup.encode((self.page.encode(), self.stamp))


class PagedRow(UsageRow):
    """Aggregates of one row, and its pages."""

    __slots__ = ("_entries", "_entry_of", "_has_amounts", "_kind", "_make", "_number_of", "_pages", "_touch")

    def __init__(
        self, key: bytes, kind: Kind, make: Callable[[int], PageRow], touch: Callable[[PageRow], None]
    ) -> None:
        """Start empty; *make* makes the page of a number, *touch* has a page written down."""
        super().__init__(key)
        self._kind = kind
        self._number_of = kind.page_of
        self._entry_of = kind.entry_of
        self._has_amounts = kind.has_amounts
        self._make = make
        self._touch = touch
        self._pages: dict[int, PageRow] = {}
        #: Different values, as far as pages still know; once they are too many it stays so.
        self._entries = 0

    def add(self, at_ms: int, value: int) -> None:
        """Count one event of *value* at *at_ms*, in the record that the row is stamped with."""
        UsageRow.add(self, at_ms, value if self._has_amounts else 0)
        entry = self._entry_of(at_ms, value)
        page = self._pages.get(self._number_of(entry)) or self.page_of(entry)
        if self.add_to(page, entry):
            page.stamp = self.stamp
            if not page.dirty:
                self._touch(page)

    def add_amount(self, at_ms: int, value: int) -> None:
        """Count one event in the partial alone."""
        UsageRow.add(self, at_ms, value if self._has_amounts else 0)

    def entry_of(self, at_ms: int, value: int) -> int:
        """Return what stands in pages for an event."""
        return self._entry_of(at_ms, value)

    def add_to(self, row: PageRow, entry: int) -> bool:
        """Add *entry* to one of the pages alone; say whether that changed it."""
        page = row.page
        if not page.is_exact:
            return page.add(entry)
        before = page.entries
        if not page.add(entry):
            return False
        self._entries += page.entries - before
        if self._entries > EXACT_UP_TO:
            page.blur()
        return True

    def page_of(self, entry: int) -> PageRow:
        """Return the page that *entry* belongs to."""
        number = self._number_of(entry)
        row = self._pages.get(number)
        if row is None:
            row = self._pages[number] = self._make(number)
        return row

    def restore_page(self, number: int, content: bytes, stamp: int) -> None:
        """Have page *number* be what was written down. Raises Reject."""
        row = self._pages[number] = self._make(number)
        row.page, row.stamp = self._kind.read(number, content), stamp
        self._entries += row.page.entries if row.page.is_exact else EXACT_UP_TO + 1


class ReplayedRow(UsageRow):
    """Stands for a row during a record that it, or some of its pages, may hold already."""

    __slots__ = ("_is_open", "_may_add", "_row")

    def __init__(self, row: PagedRow, *, is_open: bool, may_add: Callable[[PageRow], bool]) -> None:
        """Count into *row* if it *is_open*, and into those of its pages to which one *may_add*."""
        super().__init__(row.key)
        self._row = row
        self._is_open = is_open
        self._may_add = may_add

    def add(self, at_ms: int, value: int) -> None:
        """Count one event wherever it is not in yet."""
        if self._is_open:
            self._row.add_amount(at_ms, value)
        entry = self._row.entry_of(at_ms, value)
        page = self._row.page_of(entry)
        if self._may_add(page):
            self._row.add_to(page, entry)


class Pages:
    """All pages of one window and arrival day; of rows that no event asked for, as they were written."""

    __slots__ = ("_live", "_saved")

    def __init__(self) -> None:
        """Have none."""
        self._live: dict[bytes, PageRow] = {}
        #: By the row's key and the page's number.
        self._saved: dict[bytes, dict[int, bytes]] = {}

    def __len__(self) -> int:
        """Return the number of pages."""
        return len(self._live) + sum(map(len, self._saved.values()))

    def records(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield key and value of every page as it is now."""
        yield from ((row.key, row.encode()) for row in self._live.values())
        for raw, pages in self._saved.items():
            key = msgspec.json.decode(raw, type=rollup.UsageKey)
            yield from ((_page_key(key, number), value) for number, value in pages.items())

    def save(self, key: rollup.SketchKey, value: bytes, stamp: int) -> None:
        """Take a page as it was written down; of several values of one page the newest stays."""
        pages = self._saved.setdefault(rollup.encode(key.usage), {})
        other = pages.get(key.page)
        if other is None or rollup.decode_sketch(other).stamp < stamp:
            pages[key.page] = value

    def row(self, key: rollup.UsageKey, kind: Kind, touch: Callable[[PageRow], None]) -> PagedRow:
        """Return the row of *key*, with the pages that were taken for it."""

        def make(number: int) -> PageRow:
            raw = _page_key(key, number)
            row = self._live[raw] = PageRow(raw, kind.page(number))
            return row

        row = PagedRow(rollup.encode(key), kind, make, touch)
        for number, value in self._saved.pop(row.key, {}).items():
            saved = rollup.decode_sketch(value)
            row.restore_page(number, saved.content, saved.stamp)
        return row


def _page_key(key: rollup.UsageKey, number: int) -> bytes:
    return rollup.encode(
        rollup.SketchKey(
            key.tenant, key.customer, key.meter, key.group, key.window_start_ms, key.arrival_day, number
        )
    )
