"""The span that a question is about: by default all that events may still come for."""

from console.api.core.parameters import Parameters, instant
from console.usage.core.calendar import Bounds, Window, widened
from schemas.admission import AHEAD_MS, OLDEST_MS


def take_span(given: Parameters, window: Window, now_ms: int) -> Bounds:
    """Return `from` and `to` of *given*, widened to whole windows."""
    from_ms, to_ms = given.take("from", instant), given.take("to", instant)
    from_ms = now_ms - OLDEST_MS if from_ms is None else from_ms
    to_ms = max(now_ms + AHEAD_MS, from_ms) + 1 if to_ms is None else to_ms
    if to_ms <= from_ms:
        given.fault("to", "span_empty", "must be later than from")
    return widened(window, from_ms, to_ms)
