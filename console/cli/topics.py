"""`weir topics`: the topics in Kafka, and which of them we speak of."""

import click

from console.cli.place import with_settings
from console.cli.run import BAD_ANSWER
from console.cli.show import Format, example, format_option, say, show
from console.control.topics import apply_topics
from runtime.postgres import connect
from runtime.settings import Settings


@click.group()
def command() -> None:
    """Kafka topics: made once, and known by their id from then on."""


@command.command(epilog=example("weir topics apply"))
@format_option
@with_settings
def apply(settings: Settings, output: Format) -> int:
    """Create what is missing and record each topic's id. Running it again changes nothing."""
    return _apply(settings, output, adopt=False)


@command.command(epilog=example("weir topics adopt"))
@format_option
@with_settings
def adopt(settings: Settings, output: Format) -> int:
    """Accept topics that were made anew, as a new generation; their offsets start from 0."""
    return _apply(settings, output, adopt=True)


def _apply(settings: Settings, output: Format, *, adopt: bool) -> int:
    settings.need("kafka", "postgres")
    with connect(settings, "topics", autocommit=True) as connection:
        done = apply_topics(settings, connection, adopt=adopt)
    for finding in done.findings:
        say(finding)
    rows = [(topic, topic in done.created, generation) for topic, generation in done.recorded]
    value = {
        "topics": [{"topic": topic, "created": made, "generation": number} for topic, made, number in rows],
        "findings": done.findings,
    }
    show(output, ("topic", "created", "generation"), rows, value)
    return BAD_ANSWER if done.findings else 0
