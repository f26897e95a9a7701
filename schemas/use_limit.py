"""Limits of use: how fast, and how much at the same time, a customer may use a meter, beside its quota."""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from schemas.quantity import MICRO, format_micro


class Window(StrEnum):
    """What a limit looks at."""

    SECOND = "second"
    MINUTE = "minute"
    CONCURRENT = "concurrent"


class LimitAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One limit, and how far it is taken. Quantities are decimal text in the meter's unit."""

    window: Window
    limit: str
    #: What may come at once after a pause; None: as much as the limit.
    burst: str | None
    #: None: not known here.
    used: str | None
    remaining: str | None


class Level(NamedTuple):
    """How far one limit is taken, in millionths; of leases too."""

    window: Window
    limit_micro: int
    burst_micro: int | None = None
    #: None: not known here.
    used_micro: int | None = None
    remaining_micro: int | None = None

    def shown(self) -> LimitAnswer:
        """Return it as people and programs read it."""
        return LimitAnswer(
            window=self.window,
            limit=format_micro(self.limit_micro),
            burst=_text(self.burst_micro),
            used=_text(self.used_micro),
            remaining=_text(self.remaining_micro),
        )


class UseLimit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Limits on the use of one meter. What is None is unlimited, what is not is above 0."""

    meter: str
    #: Without a burst, in any span of a second; in millionths of the meter's unit, as all below.
    per_second_micro: int | None = None
    #: In any span of t seconds at most `burst + per_second * t`; only beside per_second, and no less.
    burst_micro: int | None = None
    #: In any span of 60 seconds.
    per_minute_micro: int | None = None
    #: Leases at the same time.
    concurrent: int | None = None

    def levels(self) -> tuple[Level, ...]:
        """Return the limits that there are, without knowing how far they are taken."""
        levels = []
        if self.per_second_micro is not None:
            levels.append(Level(Window.SECOND, self.per_second_micro, self.burst_micro))
        if self.per_minute_micro is not None:
            levels.append(Level(Window.MINUTE, self.per_minute_micro))
        if self.concurrent is not None:
            levels.append(Level(Window.CONCURRENT, self.concurrent * MICRO))
        return tuple(levels)


def _text(micro: int | None) -> str | None:
    return None if micro is None else format_micro(micro)
