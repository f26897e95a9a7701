"""The table on stdout, and the JSON file beside it."""

import os
import platform
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil

from console.bench.core.rows import EXACT, REQUEST_FLOOR_US, ROWS, Reached, Row
from console.bench.core.spread import spread
from console.bench.figures import Figures
from console.bench.scale import FULL, Scale
from console.cli.show import show

_COLUMNS: Final = ("what", "unit", "bar", "prototype", "goal", "median", "min to max", "reached")
_GIB: Final = 2**30
_TEN: Final = 10
_ADDITIONS: Final = 10_000_000


class Report:
    """What was measured at one scale."""

    def __init__(self, figures: Figures, scale: Scale) -> None:
        self._figures = figures
        self._scale = scale
        floors = figures.notes.get("request_floor_us")
        #: How many times as long as where the bars were set a request takes here; None: not measured.
        self._slower = spread(floors).median / REQUEST_FLOOR_US if floors else None

    def print_table(self) -> None:
        """Print each row that was measured."""
        columns = (
            (*_COLUMNS, f"on a machine {number(self._slower)} times slower") if self._slower else _COLUMNS
        )
        show("table", columns, self._lines(), None)

    def write_json(self, path: Path, about: dict[str, Any]) -> None:
        """Write every value, and what is known of the run, to *path*."""
        scale = self._scale._asdict()
        value = {**about, "scale": scale, "machine": machine(), "rows": list(self._rows())}
        value |= self._figures.notes
        path.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")

    def _rows(self) -> Iterator[dict[str, Any]]:
        for row, values in self._measured():
            found = spread(values)
            yield {
                **row._asdict(),
                "median": found.median,
                "min": found.least,
                "max": found.most,
                "values": values,
                "reached": self._reached(row, found.median),
                "in_proportion": self._in_proportion(row, found.median),
            }

    def _lines(self) -> Iterable[tuple[str, ...]]:
        for row, values in self._measured():
            found = spread(values)
            reached = self._reached(row, found.median)
            yield (
                row.what,
                row.unit,
                _limit(row.bar),
                row.prototype,
                _limit(row.goal),
                number(found.median),
                f"{number(found.least)} to {number(found.most)} ({found.times})",
                "" if reached == "none" else reached,
                *self._beside(row, found.median),
            )

    def _measured(self) -> Iterator[tuple[Row, Sequence[float]]]:
        for row in ROWS:
            if values := self._figures.values.get(row.name):
                yield row._replace(what=row.what.format(**self._scale._asdict())), values

    def _in_proportion(self, row: Row, figure: float) -> Reached:
        """Say what *figure* is good for on a machine as slow as this one."""
        return "none" if self._slower is None else self._reached(row.on_a_machine(self._slower), figure)

    def _beside(self, row: Row, figure: float) -> tuple[str, ...]:
        if self._slower is None:
            return ()
        bar, reached = row.on_a_machine(self._slower).bar, self._in_proportion(row, figure)
        return ("" if bar is None or reached == "none" else f"{reached} ({number(bar)})",)

    def _reached(self, row: Row, figure: float) -> Reached:
        """Say what *figure* is good for; that of a tiny run is good for nothing, unless it is a fault."""
        return row.reached(figure) if self._scale.keys >= FULL.keys or row.name in EXACT else "none"


def loop_cpu_seconds() -> float:
    """Return the CPU seconds of ten million additions: they tell a busy machine from a quiet one."""
    begun = time.process_time()
    total = 0
    for value in range(_ADDITIONS):
        total += value
    return time.process_time() - begun


def print_baselines(figures: Figures) -> None:
    """Print what was held against Weir, if anything was."""
    if found := figures.notes.get("baselines"):
        columns = ("baseline", "sent as", "events/s", "min to max", "p99 ms")
        show("table", columns, (_baseline(each) for each in found), None)


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "cores": os.cpu_count(),
        "cpu": _cpu_model(),
        "memory_gib": round(psutil.virtual_memory().total / _GIB, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _baseline(found: dict[str, Any]) -> tuple[str, ...]:
    rates = spread(found["events_per_second"])
    p99 = number(spread(found["p99_ms"]).median) if found["p99_ms"] else ""
    span = f"{number(rates.least)} to {number(rates.most)} ({rates.times})"
    return found["name"], found["form"], number(rates.median), span, p99


def number(value: float) -> str:
    """Return *value* with as many digits as a person reads."""
    if value == int(value) or value >= 100:  # noqa: PLR2004 -- three digits are enough
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= _TEN else f"{value:.2f}"


def _limit(value: float | None) -> str:
    return "" if value is None else number(value)


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
