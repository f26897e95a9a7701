"""`weir skip`: one poisonous record is refused, so that its partition goes on."""

import click

from console.cli.place import with_settings
from console.cli.show import Format, example, format_option, say, show
from console.control.skips import skip_record
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.errors import AlreadyDone
from schemas.position import Position, parse_position


@click.command(epilog=example('weir skip weir.usage/3/1042 --reason "ticket 77: not a pack"'))
@click.argument("position", callback=lambda _context, _parameter, text: parse_position(text))
@click.option("--reason", required=True, help="Why; it stays in the books.")
@format_option
@with_settings
def command(settings: Settings, position: Position, reason: str, output: Format) -> None:
    """Have the record at POSITION (topic/partition/offset) refused, on every replay too."""
    settings.need("postgres")
    with connect(settings, "skip", autocommit=True) as connection:
        try:
            skip_record(connection, position, settings.topic_prefix, reason)
        except AlreadyDone:
            say(f"{position} was skipped before")
    show(output, ("skipped",), [(position,)], {"skipped": str(position)})
