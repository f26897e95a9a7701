"""What rows of usage keep beside their partial, by both sides: in one form, so that equal is equal."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final, NamedTuple

from xxhash import xxh3_64_hexdigest

from schemas.errors import Reject
from schemas.meters import Meter
from schemas.partial import Partial
from schemas.sketch import Kind, Sketch, merged, of_counts, read_window

_NOTHING: Final = Partial(0, 0, 0, 0, 0, 0, 0, 0)
_LOG: Final = "log"
_STORE: Final = "store"


class SketchRow(NamedTuple):
    """The sketch of one row of usage; a row of the table `sketches`."""

    #: log or store.
    side: str
    tenant: str
    customer: str
    meter: str
    group: str
    window_start_ms: int
    arrival_day: int
    #: What it says, for people, and a hash of all of it: equal if and only if the sketches are.
    words: str
    #: Pages by number, in hex; empty where they cannot be read.
    pages: str


def of_log(
    meter: Meter, found: Iterable[tuple[str, str, str, int, int, int, str, int]]
) -> Iterator[SketchRow]:
    """Yield the sketches of *meter* from values of its rows.

    *found* are tenant, customer, group, window, arrival day, then when a value came (0 where that does not
    matter), the value and how often it came, by rows.
    """
    kind = meter.aggregation.rule.kind
    if kind is None:
        return
    for row, values in groupby(found, key=lambda each: each[:5]):
        tenant, customer, group, window_start_ms, arrival_day = row
        entries = ((kind.entry_of(at_ms, int(value)), times) for *_, at_ms, value, times in values)
        sketch = of_counts(kind, entries)
        of_row = (tenant, customer, meter.name, group, window_start_ms, arrival_day)
        yield SketchRow(_LOG, *of_row, _words(meter, sketch), _hex(sketch))


def of_store(
    meters: Mapping[str, Meter], found: Iterable[tuple[str, str, str, str, int, int, int, bytes]]
) -> Iterator[SketchRow]:
    """Yield the sketches of the store from their pages.

    *found* are tenant, customer, meter, group, window, arrival day, page and content, by rows.
    """
    for row, pages in groupby(found, key=lambda each: each[:6]):
        tenant, customer, name, group, window_start_ms, arrival_day = row
        of_row = (tenant, customer, name, group, window_start_ms, arrival_day)
        meter = meters.get(name)
        kind = meter.aggregation.rule.kind if meter is not None else None
        if meter is None or kind is None:
            yield SketchRow(_STORE, *of_row, "pages that its meter does not have", "")
            continue
        try:
            sketch = read_window(kind, ((number, content) for *_, number, content in pages))
        except Reject as error:
            yield SketchRow(_STORE, *of_row, f"damaged: {error}", "")
        else:
            yield SketchRow(_STORE, *of_row, _words(meter, sketch), _hex(sketch))


def together(kind: Kind, rows: Iterable[tuple[str, str, str]]) -> list[Sketch]:
    """Return the sketches whose amounts add up to that of several rows: one, or of levels one of each group.

    *rows* are customer, group and pages as `SketchRow` has them, in order.
    """
    apart = groupby(rows, key=lambda row: row[:2] if kind.has_times else ())
    return [merged(kind, (read_window(kind, _unhex(pages)) for *_, pages in of_one)) for _, of_one in apart]


def _words(meter: Meter, sketch: Sketch) -> str:
    error = meter.aggregation.rule.error(sketch)
    return f"{meter.answer(_NOTHING, sketch)} ({error}, {xxh3_64_hexdigest(sketch.encode())})"


def _hex(sketch: Sketch) -> str:
    return " ".join(f"{number}:{page.encode().hex()}" for number, page in sketch.pages.items())


def _unhex(pages: str) -> Iterator[tuple[int, bytes]]:
    for page in pages.split():
        number, content = page.split(":")
        yield int(number), bytes.fromhex(content)
