"""SQL stays SQL: named queries in `.sql` files.

A query begins with a line `-- name: words_with_underscores` and ends at the next one. Comments
before the first name belong to the file.
"""

import re
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Final, LiteralString, cast

from psycopg.sql import SQL

_NAME: Final = re.compile(r"^-- name: *([a-z][a-z0-9_]*) *$", re.MULTILINE)


def load_queries(folder: Traversable) -> Mapping[str, SQL]:
    """Return the queries of all `.sql` files in *folder* (a Path, or `importlib.resources.files(…)`) by name.

    Raises ValueError when two have the same name, or a file has none.
    """
    found: dict[str, SQL] = {}
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if not file.name.endswith(".sql"):
            continue
        for name, text in _parts(file.name, file.read_text(encoding="utf-8")):
            if name in found:
                raise ValueError(f"{file.name}: there is another query named {name}")
            found[name] = SQL(text)
    return MappingProxyType(found)


def _parts(file: str, text: str) -> Iterator[tuple[str, LiteralString]]:
    _, *pieces = _NAME.split(text)
    if not pieces:
        raise ValueError(f"{file}: no line '-- name: …'")
    for name, body in zip(pieces[::2], pieces[1::2], strict=True):
        # As literal as SQL can be: it comes from a file that is shipped with the code.
        yield name, cast("LiteralString", body.strip())
