"""What must not stand on a command line: handed over in a file, or by standard input."""

from collections.abc import Callable
from typing import Any, BinaryIO, Final

import click

from console.cli.show import say

#: Nothing that is handed over is as long.
_MOST_BYTES: Final = 4_096


def from_file(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option by which *what* ("secret") is handed over, as the argument `file`."""
    return click.option(
        "--from-file",
        "file",
        type=click.File("rb"),
        required=True,
        help=f"The file that holds the {what}; - is standard input. It is never given on the command line.",
    )


def read_secret(file: BinaryIO, what: str) -> bytes:
    """Return what *file* holds; on a terminal one line, asked for."""
    if file.isatty():
        say(f"paste the {what}, then press Enter")
        return file.readline()
    return file.read(_MOST_BYTES)
