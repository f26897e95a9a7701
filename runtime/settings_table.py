"""Settings for people: what `weir settings` prints, and the table of docs/settings.md."""

from typing import NamedTuple

from runtime.setting import About, Item, Origin
from runtime.settings import Settings
from schemas.process import PROCESSES


class Line(NamedTuple):
    """One setting in force, fit to be printed: secrets are masked."""

    variable: str
    value: str
    origin: Origin
    doc: str


def lines(settings: Settings) -> list[Line]:
    """Return every setting with the value in force and where it came from."""
    return [
        Line(item.env, item.shown(getattr(settings, item.name)), settings.origins[item.name], item.about.doc)
        for item in settings.items()
    ]


def markdown() -> str:
    """Return the table of docs/settings.md; a process in bold refuses to start without the setting."""
    head = "| variable | default | what it is | read by |\n|---|---|---|---|\n"
    return head + "".join(_row(item) for item in Settings.items())


def _row(item: Item) -> str:
    default = f"`{item.default}`" if item.default != "" else ""
    secret = " (secret)" if item.about.secret else ""
    return f"| `{item.env}` | {default} | {item.about.doc}{secret} | {_readers(item.about)} |\n"


def _readers(about: About) -> str:
    names = "all" if about.read_by == PROCESSES else ", ".join(about.read_by)
    return f"**{names}**" if about.needed_by == about.read_by else names
