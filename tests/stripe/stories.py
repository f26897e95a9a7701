"""Stories: what customers do at a made-up Stripe, the events that tell of it, and how it really stands.

A story is the truth to hold a mirror against: whatever the order and however often its events come, what
the mirror says at the end is what Stripe would answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

from hypothesis import strategies as st

from tests.stripe.account import FIRST_SECOND, Account, side_by_side
from tests.stripe.customers import Customer
from tests.stripe.previous import Object

_MOST_STEPS = 80
_MOST_CUSTOMERS = 3


@dataclass(frozen=True, repr=False)
class Story:
    """What happened, in order, and what is left of it."""

    #: In the order in which it happened; `created` never falls, and often stays the same.
    events: tuple[Object, ...]
    #: By id, what Stripe would answer at the end; None: that there is no such object (any more).
    truth: Mapping[str, Object | None]
    #: Whether the objects have the shapes of version 2020-08-27.
    old: bool

    def __repr__(self) -> str:
        """Tell it in short, as a failed property shows it: a line an event."""
        first_s = self.events[0]["created"] if self.events else 0
        told = (
            f"+{each['created'] - first_s} s {each['type']} {each['data']['object']['id']}"
            for each in self.events
        )
        return "\n".join([f"Story(old={self.old}):", *told])


def tell_story(
    random: Random,
    *,
    old: bool = False,
    with_previous: bool = True,
    customers: int = 2,
    most_steps: int = _MOST_STEPS,
    began_s: int = FIRST_SECOND,
) -> Story:
    """Return the story that *random* makes of *customers* from *began_s* on, cut off after *most_steps*.

    *with_previous*: whether updates say what was before, as Stripe does, and localstripe does not.
    """
    account = Account(random, old=old, with_previous=with_previous, began_s=began_s)
    lives = [Customer(account).live() for _ in range(customers)]
    for _ in islice(side_by_side(random, lives), most_steps):
        account.pass_time()
    return Story(tuple(account.events), dict(account.objects), old)


def together(stories: Sequence[Story]) -> Story:
    """Return *stories*, which have no object in common, as one of the same account."""
    events = sorted(
        (event for story in stories for event in story.events), key=lambda event: event["created"]
    )
    truth = {object_id: said for story in stories for object_id, said in story.truth.items()}
    return Story(tuple(events), truth, all(story.old for story in stories))


def story_of(
    seed: int,
    *,
    old: bool = False,
    with_previous: bool = True,
    customers: int = 2,
    most_steps: int = _MOST_STEPS,
) -> Story:
    """Return the story of *seed*: always the same."""
    return tell_story(
        Random(seed), old=old, with_previous=with_previous, customers=customers, most_steps=most_steps
    )


@st.composite
def stories(
    draw: st.DrawFn,
    *,
    old: bool | None = None,
    with_previous: bool = True,
    most_customers: int = _MOST_CUSTOMERS,
    most_steps: int = _MOST_STEPS,
) -> Story:
    """Draw a story; it shrinks to fewer customers, fewer steps and simpler lives. *old* None: either."""
    return tell_story(
        draw(st.randoms(use_true_random=False)),
        old=draw(st.booleans()) if old is None else old,
        with_previous=with_previous,
        customers=draw(st.integers(1, most_customers)),
        most_steps=draw(st.integers(1, most_steps)),
    )
