"""`python -m console.bench.markdown bench.json`: the tables of docs/performance.md, from a run's file."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from console.bench.core.rows import REQUEST_FLOOR_US
from console.bench.report import number


def tables(run: dict[str, Any]) -> str:
    """Return the tables of one run."""
    parts = [_about(run), _rows(run["rows"])]
    if floors := run.get("request_floor_us"):
        parts.append(
            f"A request with a fixed answer took {number(median(floors))} µs of CPU, "
            f"{number(REQUEST_FLOOR_US)} where the bars were set; the last column is for a machine as slow "
            "as this one."
        )
    if spent := run.get("cpu_us_per_event"):
        parts.append(_cpu(spent))
    if baselines := run.get("baselines"):
        parts.append(_baselines(baselines))
    if profile := run.get("profile"):
        parts.append(str(profile["bottleneck"]) + ".")
    return "\n\n".join(parts) + "\n"


def _about(run: dict[str, Any]) -> str:
    machine, before = run["machine"], run["load_average_before"][0]
    loop = ", ".join(f"{seconds:.2f}" for seconds in run["loop_cpu_seconds"])
    return (
        f"{run['begun_at']}, {machine['cores']} cores ({machine['cpu']}), {machine['memory_gib']} GiB, "
        f"{machine['system']}, Python {machine['python']}; load average at the start {before:.1f}; "
        f"CPU seconds of ten million additions in Python, before and after: {loop}."
    )


def _rows(rows: Iterable[dict[str, Any]]) -> str:
    head = ("what", "unit", "bar", "prototype", "goal", "median", "min to max", "reached", "in proportion")
    return _table(head, (_row(row) for row in rows))


def _row(row: dict[str, Any]) -> Iterator[str]:
    yield row["what"]
    yield row["unit"]
    yield "" if row["bar"] is None else number(row["bar"])
    yield row["prototype"]
    yield "" if row["goal"] is None else number(row["goal"])
    yield number(row["median"])
    yield f"{number(row['min'])} to {number(row['max'])} ({len(row['values'])})"
    for reached in (row["reached"], row.get("in_proportion", "none")):
        yield "" if reached == "none" else reached


def _cpu(spent: dict[str, dict[str, list[float]]]) -> str:
    names = sorted({name for each in spent.values() for name in each})
    lines = (
        (run, *(number(median(each[name])) if name in each else "" for name in names))
        for run, each in spent.items()
    )
    return _table(("CPU, µs an event", *names), lines)


def _baselines(found: Iterable[dict[str, Any]]) -> str:
    lines = (
        (
            each["name"],
            each["form"],
            number(median(each["events_per_second"])),
            number(median(each["p99_ms"])) if each["p99_ms"] else "",
        )
        for each in found
    )
    return _table(("baseline", "sent as", "events/s", "p99 ms"), lines)


def _table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    return "\n".join(
        f"| {' | '.join(cells)} |" for cells in (titles, ["---"] * len(titles), *map(list, lines))
    )


if __name__ == "__main__":
    sys.stdout.write(tables(msgspec.json.decode(Path(sys.argv[1]).read_bytes())))
