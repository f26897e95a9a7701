"""`weir replay`: what is stored, made once more from the log and the archive."""

import click

from console.cli.place import with_settings
from console.cli.run import BAD_ANSWER
from console.cli.show import Format, example, format_option, say, show
from console.replay.mirror import replay_mirror
from runtime import logs
from runtime.postgres import connect
from runtime.settings import Settings

_COLUMNS = ("table", "rows", "sha256", "as live")
_TELL_EVERY = 10_000


@click.command(epilog=example("weir replay --into proof"))
@click.option("--into", "schema", required=True, help="Schema of PostgreSQL; it is made, or it is empty.")
@format_option
@with_settings
def command(settings: Settings, schema: str, output: Format) -> int:
    """Make the mirror of Stripe's objects once more; exit 1 where it is not what is stored.

    Everything on weir.stripe is applied again, from the archive and the log, and each table is printed
    with its SHA-256. What comes in meanwhile may be in one and not in the other: ask again when it is quiet.
    """
    settings.need("kafka", "postgres", "archive")
    logs.configure("auto", "warning")
    told = 0

    def tell(records: int) -> None:
        nonlocal told
        if records - told >= _TELL_EVERY:
            told = records
            say(f"{records} records")

    with connect(settings, "replay", autocommit=True) as connection:
        found = replay_mirror(settings, connection, schema, tell)
    rows = [(one.table, one.rows, one.sha256, "yes" if one.is_equal else "NO") for one in found]
    show(output, _COLUMNS, rows, [{**one._asdict(), "is_equal": one.is_equal} for one in found])
    equal = all(one.is_equal for one in found)
    say("every table is as it is live" if equal else "not every table is as it is live")
    return 0 if equal else BAD_ANSWER
