"""Writes the tables of docs/ from the registries in the code; `--check` only says which are stale.

`make docs` runs it. What stands above the mark in a file is written by hand and kept.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from console.cli.registry import COMMANDS
from console.cli.root import root
from runtime import metrics_table, settings_table
from schemas.topics import DEFAULT_PREFIX, TOPICS, Topic, topic_name

_FOLDER: Final = Path(__file__).parent
_MARK: Final = "<!-- Below this line `make docs` writes. -->\n"
_DAY_MS: Final = 86_400_000


def topics() -> str:
    """Return the table of every topic: its record, its partitions, who makes and who reads it."""
    head = "| topic | record | partition by | partitions | kept | made by | read by |\n"
    head += "|---|---|---|---|---|---|---|\n"
    return head + "".join(_topic_row(topic) for topic in TOPICS)


def commands() -> str:
    """Return every command with its help, as `--help` prints it."""
    return "\n".join(_command(f"weir {entry.name}", _loaded(entry.name)) for entry in COMMANDS)


#: Each file, and what is written into it.
TABLES: Final[dict[str, Callable[[], str]]] = {
    "commands.md": commands,
    "metrics.md": metrics_table.markdown,
    "settings.md": settings_table.markdown,
    "topics.md": topics,
}


def rendered(name: str) -> str:
    """Return the file as it ought to be: what a person wrote, the mark, and the table."""
    by_hand, _, _ = (_FOLDER / name).read_text().partition(_MARK)
    return f"{by_hand}{_MARK}\n{TABLES[name]()}"


def stale() -> list[str]:
    """Return the files that say something else than the code."""
    return [name for name in TABLES if (_FOLDER / name).read_text() != rendered(name)]


def main(words: list[str]) -> int:
    """Write what is stale, or with `--check` only name it; exit 1 if something was."""
    names = stale()
    for name in names:
        if "--check" not in words:
            (_FOLDER / name).write_text(rendered(name))
        sys.stderr.write(f"docs/{name} {'is stale: run `make docs`' if '--check' in words else 'written'}\n")
    return 1 if names and "--check" in words else 0


def _topic_row(topic: Topic) -> str:
    kept = "for ever" if topic.retention_ms is None else f"{topic.retention_ms // _DAY_MS} days"
    cells = (
        f"`{topic_name(DEFAULT_PREFIX, topic)}`",
        topic.record,
        topic.partition_by,
        str(topic.partitions or "`WEIR_PARTITIONS`"),
        f"{kept}, newest of each key" if topic.compact else kept,
        ", ".join(topic.makers),
        ", ".join(topic.readers),
    )
    return f"| {' | '.join(cells)} |\n"


def _loaded(name: str) -> click.Command | None:
    group = root()
    if not isinstance(group, click.Group):
        raise TypeError("`weir` is no group of commands")
    try:
        return group.get_command(click.Context(group), name)
    except click.UsageError:
        return None


def _command(path: str, command: click.Command | None) -> str:
    if command is None:
        return f"## {path}\n\nNot in this build.\n"
    if isinstance(command, click.Group):
        return "\n".join(_command(f"{path} {name}", inner) for name, inner in command.commands.items())
    with click.Context(command, info_name=path, max_content_width=100, terminal_width=100) as context:
        return f"## {path}\n\n```\n{command.get_help(context)}\n```\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
