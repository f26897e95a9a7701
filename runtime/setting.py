"""What one setting is: an annotated dataclass field that carries its own documentation."""

import dataclasses
from typing import Any, Final, Literal, NamedTuple, get_type_hints

from schemas.process import Process

#: Every environment variable of Weir begins with this; the rest is the field's name in capitals.
PREFIX: Final = "WEIR_"
#: What is shown in place of a secret.
MASK: Final = "********"

Origin = Literal["default", "env", "file"]


class About(NamedTuple):
    """What a field's annotation says about the setting."""

    #: One line for the operator, units included.
    doc: str
    #: The processes that look at it; the others ignore it.
    read_by: tuple[Process, ...]
    #: The processes that refuse to start without it.
    needed_by: tuple[Process, ...] = ()
    secret: bool = False


class Item(NamedTuple):
    """One setting as it was declared."""

    name: str
    #: What msgspec converts to, bounds included.
    type: Any
    #: A text default may hold `{data}` and `{process}`, which stand for those two.
    default: object
    about: About

    @property
    def env(self) -> str:
        """Return the environment variable that sets it."""
        return PREFIX + self.name.upper()

    def shown(self, value: object) -> str:
        """Return *value* as it may be printed: never a secret."""
        return MASK if self.about.secret and value else str(value)


def items_of(settings: type) -> tuple[Item, ...]:
    """Return what the dataclass *settings* declares, in order; a field without an `About` is no setting."""
    hints = get_type_hints(settings, include_extras=True)
    return tuple(
        Item(field.name, hints[field.name], field.default, about)
        for field in dataclasses.fields(settings)
        for about in getattr(hints[field.name], "__metadata__", ())
        if isinstance(about, About)
    )
