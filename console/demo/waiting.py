"""Waits for what has to become true, and not for ever."""

import time
from collections.abc import Callable
from typing import Final

from schemas.errors import TryAgain

_POLL_SECONDS: Final = 0.02
PATIENCE_SECONDS: Final = 60.0


def wait_for(condition: Callable[[], bool], complaint: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Return once *condition* holds. Raises TryAgain with *complaint* when it does not within *seconds*."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TryAgain(f"{complaint} within {seconds:.0f} s")
        time.sleep(_POLL_SECONDS)
