"""`weir settings`: what every process runs with."""

import os
from pathlib import Path

import click

from console.cli.place import find_settings
from console.cli.show import Format, example, format_option, show
from runtime.settings import Settings
from runtime.settings_table import Line, lines
from schemas.errors import Misconfigured


@click.command(epilog=example("weir settings", "WEIR_SETTINGS=weir.toml weir settings --format json"))
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder of the stack.")
@format_option
def command(data: Path | None, output: Format) -> None:
    """Print each setting with its value and where it comes from; secrets are masked."""
    try:
        settings = find_settings(data)
    except Misconfigured:
        if data is not None:
            raise
        settings = Settings.load(os.environ)
    found = lines(settings)
    show(output, Line._fields, found, [line._asdict() for line in found])
