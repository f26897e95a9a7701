"""`weir up`: the whole stack on this machine."""

from pathlib import Path

import click

from console.cli.place import data_folder
from console.cli.show import example, say
from deploy.local import stack
from deploy.local.folder import StackRuns
from deploy.local.state import StackStatus

_MOST_WORKERS = 64


@click.command(epilog=example("weir up", "weir up --data /tmp/try --port-base 9000 --detach"))
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder for all of its data.")
@click.option(
    "--port-base",
    type=click.IntRange(1, 65_000),
    default=stack.DEFAULT_PORT_BASE,
    show_default=True,
    help="First of the ports.",
)
@click.option("--detach", is_flag=True, help="Return as soon as it is ready, and leave it running.")
@click.option(
    "--workers", type=click.IntRange(1, _MOST_WORKERS), default=1, show_default=True, help="Processors."
)
@click.option(
    "--catalog",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Meters of a new folder; default: the ones that ship with Weir.",
)
def command(data: Path | None, port_base: int, workers: int, catalog: Path | None, *, detach: bool) -> None:
    """Start Kafka, PostgreSQL and every process of Weir; ready when it says so.

    Ctrl-C or `weir down` stops all of it. Starting again on the same folder goes on with its data.
    """
    folder = data_folder(data)
    try:
        stack.up(
            folder,
            port_base=port_base,
            workers=workers,
            catalog=catalog,
            detach=detach,
            on_ready=_announce,
        )
    except StackRuns:
        say(f"a stack runs already in {folder}")
        _announce(stack.status(folder))


def _announce(status: StackStatus) -> None:
    for name, address in status.addresses.items():
        click.echo(f"{name:<14}{address}")
    for process in status.processes:
        if process.metrics and process.name not in status.addresses:
            click.echo(f"{process.name:<14}{process.metrics}")
    click.echo("ready" if status.ready else f"not ready ({status.phase}): see `weir status`")
