"""The root of the command: knows all commands by name, imports only the one that is called."""

from importlib import import_module
from typing import Final

import click

from console.cli.registry import COMMANDS
from runtime.version import VERSION

_BY_NAME: Final = {entry.name: entry for entry in COMMANDS}


class Root(click.Group):
    """`weir` itself."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the registry."""
        del ctx
        return list(_BY_NAME)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command. Raises UsageError where this build does not have it."""
        del ctx
        entry = _BY_NAME.get(cmd_name)
        if entry is None:
            return None
        try:
            command = import_module(entry.module).command
        except ModuleNotFoundError as error:
            if error.name != entry.module:
                raise
            raise click.UsageError(f"this build has no `weir {cmd_name}`") from None
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.module}.command is no click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview without importing anything."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.about) for entry in COMMANDS])


def root() -> click.Command:
    """Return the command `weir`."""
    group = Root(
        name="weir",
        help="Exact usage metering on Kafka, with books that balance and can prove it.",
        epilog="Example: weir up --detach && weir status",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    return click.version_option(VERSION, prog_name="weir")(group)
