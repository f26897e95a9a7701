"""Rows of the mirror as people and programs get them: moments as text, and nothing of our own bookkeeping."""

from collections.abc import Mapping
from typing import Any, Final

from schemas.instant import format_instant

_MOMENT: Final = "_ms"
_OURS: Final = frozenset(("stamp", "tenant"))


def for_people(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return *row* with each moment `x_ms` as `x`, in RFC 3339."""
    return {
        name.removesuffix(_MOMENT): _moment(value) if name.endswith(_MOMENT) else value
        for name, value in row.items()
        if name not in _OURS
    }


def _moment(at_ms: int | None) -> str | None:
    return None if at_ms is None or at_ms < 0 else format_instant(at_ms)
