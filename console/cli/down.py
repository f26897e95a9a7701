"""`weir down`: stops the stack of a data folder."""

from pathlib import Path

import click

from console.cli.place import data_folder
from console.cli.show import example, say
from deploy.local import stack


@click.command(epilog=example("weir down", "weir down --data /tmp/try"))
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder of the stack.")
def command(data: Path | None) -> None:
    """Stop everything that runs there, in order; its data stays."""
    folder = data_folder(data)
    say(f"stopped the stack in {folder}" if stack.down(folder) else f"nothing runs in {folder}")
