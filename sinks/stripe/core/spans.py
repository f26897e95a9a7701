"""What of Stripe's list of events has been walked. Spans are seconds of `created`, half-open: [from, to).

A walk reads one span to its end. It leaves out the youngest events, whose webhooks are still on their way,
and goes back over some of what was walked before: an event may come into the list a while after the second
that it names, and what was not there yet must not be passed by.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

#: So far back Stripe lists events.
HORIZON_S: Final = 30 * 86_400
#: Younger events are left to the next walk: nearly all of their webhooks arrive within it.
SETTLED_S: Final = 300
#: How far a walk goes back over the one before. Stripe names no bound; with what is left out above, an event
#: may be an hour and five minutes late in the list, hundreds of times what is usual, for a page or two more.
OVERLAP_S: Final = 3_600


class Span(NamedTuple):
    """Seconds of events' creation."""

    from_s: int
    to_s: int


def next_walk(walked: Iterable[Span], now_s: int) -> Span | None:
    """Return what to walk next; None: nothing has settled since the walk before."""
    horizon_s, to_s = now_s - HORIZON_S, now_s - SETTLED_S
    ends = [span.to_s for span in walked]
    newest_s = max(ends, default=horizon_s)
    if newest_s >= to_s:
        return None
    return Span(max(horizon_s, newest_s - OVERLAP_S), to_s)


def reaches(span: Span, now_s: int) -> bool:
    """Say whether a walk of *span* leaves nothing over that had settled at *now_s*."""
    return span.to_s >= now_s - SETTLED_S


def with_span(walked: Iterable[Span], new: Span) -> tuple[Span, ...]:
    """Return *walked* and *new* as few spans as say it, the oldest first."""
    found: list[Span] = []
    for span in sorted([*walked, new]):
        if found and span.from_s <= found[-1].to_s:
            found[-1] = Span(found[-1].from_s, max(found[-1].to_s, span.to_s))
        else:
            found.append(span)
    return tuple(found)


def unwalked(walked: Iterable[Span], whole: Span) -> tuple[Span, ...]:
    """Return what of *whole* lies in no span of *walked*, the oldest first."""
    found: list[Span] = []
    at_s = whole.from_s
    for span in with_span(walked, Span(whole.to_s, whole.to_s + 1)):
        if span.from_s > at_s and at_s < whole.to_s:
            found.append(Span(at_s, min(span.from_s, whole.to_s)))
        at_s = max(at_s, span.to_s)
    return tuple(found)
