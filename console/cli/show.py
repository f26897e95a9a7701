"""How commands print data: a table for people, JSON and CSV for programs; always on stdout."""

import csv
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Literal, get_args

import click
import msgspec

Format = Literal["table", "json", "csv"]
#: What a spreadsheet takes as the beginning of a formula, in the wide forms too.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "＝", "＋", "－", "＠")  # noqa: RUF001
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
#: Wide enough for any line: what is piped must not be wrapped or cut.
_UNBOUND_WIDTH: Final = 10_000


def format_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give *command* the option --format, as the argument `output`."""
    return click.option(
        "--format",
        "output",
        type=click.Choice(get_args(Format)),
        default="table",
        show_default=True,
        help="How to print the answer.",
    )(command)


def example(*lines: str) -> str:
    """Return the epilog that shows how a command is called."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def show(output: Format, columns: Sequence[str], rows: Iterable[Sequence[object]], value: object) -> None:
    """Print *rows* as a table or as CSV, or *value* as JSON."""
    if output == "json":
        show_json(value)
    elif output == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_no_formula(_cell(cell)) for cell in row] for row in rows)
    else:
        _table(columns, rows)


def show_json(value: object) -> None:
    """Print *value*, anything that msgspec encodes, as indented JSON."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def say(message: str) -> None:
    """Tell a person something that is not the answer."""
    sys.stderr.write(message + "\n")


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - only tables need rich
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # Text, since square brackets in a customer's name are no markup.
        table.add_row(*(Text(_cell(cell), justify=_side(cell)) for cell in row))
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _UNBOUND_WIDTH)
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, (tuple, list, frozenset)):
        return ",".join(map(str, value))
    return str(value)


def _no_formula(text: str) -> str:
    """Return *text* as a spreadsheet shows it, with a quote before what it would calculate."""
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def _side(value: object) -> Literal["left", "right"]:
    return "right" if isinstance(value, int) else "left"
