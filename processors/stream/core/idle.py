"""When progress is written again although nothing came, so that retention never takes the last one."""

from typing import Final

from schemas.instant import HOUR_MS

_LONG_MS: Final = HOUR_MS


class Idle:
    """How long nothing was written, told by whoever looks now and then."""

    def __init__(self) -> None:
        """Nobody has looked yet."""
        #: None: something was written since the last look.
        self._since_ms: int | None = None

    def over(self) -> None:
        """Take note that something is written."""
        self._since_ms = None

    def is_long(self, now_ms: int) -> bool:
        """Say, once an hour, that nothing was written for an hour."""
        if self._since_ms is None:
            self._since_ms = now_ms
        if now_ms - self._since_ms < _LONG_MS:
            return False
        self._since_ms = now_ms
        return True
