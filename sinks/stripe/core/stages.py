"""A backfill's way: Stripe's list of events as far back as it goes, beyond that objects as they are now."""

from typing import Final, NamedTuple

from sinks.stripe.core.spans import HORIZON_S, SETTLED_S, Span

EVENTS: Final = "events"
#: Lists of objects, in the order in which they are read: what others speak of comes first.
KINDS: Final = (
    *("customer", "subscription", "invoice", "payment_intent", "charge", "refund", "dispute", "credit_note"),
)
#: How much longer than a backfill waited and ran Stripe may take away of its list's old end.
_MARGIN_S: Final = 86_400


class Stage(NamedTuple):
    """One list to read."""

    #: events, or the `object` of what the list holds.
    name: str
    span: Span


def stages(whole: Span, asked_s: int) -> tuple[Stage, ...]:
    """Return the lists to read for *whole*, asked for at *asked_s*, in their order.

    Objects are those created before the list of events begins. What was created later has events.
    """
    events = Span(max(whole.from_s, asked_s - HORIZON_S), min(whole.to_s, asked_s - SETTLED_S))
    objects = Span(whole.from_s, min(whole.to_s, asked_s - HORIZON_S + _MARGIN_S))
    found = [Stage(EVENTS, events), *(Stage(kind, objects) for kind in KINDS)]
    # The margin alone is no reason to fetch objects: the list of events still holds all of that.
    reaches_beyond = whole.from_s < asked_s - HORIZON_S
    return tuple(
        stage
        for stage in found
        if stage.span.from_s < stage.span.to_s and (stage.name == EVENTS or reaches_beyond)
    )


def after(way: tuple[Stage, ...], name: str) -> Stage | None:
    """Return the stage behind the one called *name*; None: it was the last."""
    names = [stage.name for stage in way]
    place = names.index(name) + 1
    return way[place] if place < len(way) else None
