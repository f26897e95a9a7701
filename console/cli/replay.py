"""`weir replay`: what is stored, made once more from the log and the archive."""

from collections import Counter

import click

from console.cli.place import with_settings
from console.cli.run import BAD_ANSWER
from console.cli.show import Format, example, format_option, say, show
from console.replay.rebuild import Replayed, rebuild
from runtime import logs
from runtime.settings import Settings

_COLUMNS = ("table", "rows", "sha256", "as live")
_TELL_EVERY = 1_000


@click.command(epilog=example("weir replay --into proof"))
@click.option("--into", "schema", required=True, help="Schema of PostgreSQL; it is made, or it is empty.")
@format_option
@with_settings
def command(settings: Settings, schema: str, output: Format) -> int:
    """Make usage, fates and the mirror once more; exit 1 where they are not what is stored.

    Everything on weir.usage and weir.stripe is applied again, from the archive and the log, and each table is
    printed with its SHA-256. Usage is held against what is stored up to the same point of the log. While
    webhooks come in, the mirror has no such point: it says "not at rest" then, so ask again when it is quiet.
    """
    settings.need("kafka", "postgres", "archive")
    logs.configure("auto", "warning")
    applied: Counter[str] = Counter()

    def tell(topic: str, records: int) -> None:
        before = applied[topic] // _TELL_EVERY
        applied[topic] += records
        if applied[topic] // _TELL_EVERY > before:
            say(f"{topic}: {applied[topic]} records")

    tables, notes = rebuild(settings, schema, tell)
    for note in notes:
        say(note)
    rows = [(one.table, one.rows, one.sha256, _word(one)) for one in tables]
    show(output, _COLUMNS, rows, [{**one._asdict(), "is_equal": one.is_equal} for one in tables])
    equal = all(one.is_equal for one in tables)
    say("every table is as it is live" if equal else "not every table is as it is live")
    return 0 if equal else BAD_ANSWER


def _word(table: Replayed) -> str:
    if table.is_equal:
        return "yes"
    return "NO" if table.is_at_rest else "not at rest"
