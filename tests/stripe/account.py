"""A made-up account at Stripe: its clock, its objects, and an event for every change of one.

What may happen to the objects, and in what order, is for `customers`, `subscriptions`, `invoices` and
`payments` to say. Each tells a life: an iterator that stops wherever time may pass, and others may act.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from random import Random
from typing import Any, Final

from tests.stripe.previous import Object, merged, previous_attributes
from tests.stripe.shapes import API_VERSION, OLD_API_VERSION, event, shape

Life = Iterator[None]

FIRST_SECOND: Final = 1_790_000_000
#: How far the clock goes on at a step; each as likely as the others.
_STEPS: Final = (0, 0, 0, 0, 0, 0, 1, 1, 2, 5, 60, 3_600, 86_400)
DAY_SECONDS: Final = 86_400


class Account:
    """What stands at Stripe, and what it has told so far."""

    def __init__(self, random: Random, *, old: bool, with_previous: bool, began_s: int) -> None:
        self.random = random
        #: Whether its objects are those of version 2020-08-27.
        self.old = old
        self._with_previous = with_previous
        self._salt = random.getrandbits(32)
        self._ids = 0
        #: Of the clock, in whole seconds.
        self.now_s = began_s
        self.events: list[Object] = []
        #: What Stripe answers for an id; None: that there is no such object.
        self.objects: dict[str, Object | None] = {}

    def __getitem__(self, object_id: str) -> Object:
        """Return the object as it is. Raises KeyError if it is not there any more."""
        found = self.objects[object_id]
        if found is None:
            raise KeyError(object_id)
        return found

    def chance(self, of: int) -> bool:
        """Return whether something happens that does so once in *of* times."""
        return self.random.randrange(of) == 0

    def new_id(self, prefix: str) -> str:
        """Return an id that nobody has, and that does not tell when it was made."""
        self._ids += 1
        words = hashlib.sha256(f"{self._salt} {self._ids}".encode()).hexdigest()
        return f"{prefix}_{words[:24]}"

    def pass_time(self) -> None:
        """Set the clock on a little, or not at all."""
        self.now_s += self.random.choice(_STEPS)

    def wait_until(self, second: int) -> None:
        """Set the clock on to *second*, if it is not that late yet."""
        self.now_s = max(self.now_s, second)

    def blank(self, name: str, prefix: str, changes: Mapping[str, Any]) -> Object:
        """Return an object of the shape *name* with an id of its own, made now, that does not stand yet."""
        found = shape(name, old=self.old) | {"id": self.new_id(prefix)}
        if "created" in found:
            found["created"] = self.now_s
        return merged(found, changes)

    def create(self, made: Object, *kinds: str) -> str:
        """Let *made* stand, tell of it, and return its id."""
        self.objects[made["id"]] = deepcopy(made)
        self.tell(made["id"], *kinds)
        return str(made["id"])

    def change(self, object_id: str, changes: Mapping[str, Any], *kinds: str) -> None:
        """Change an object, and tell of it by an event of each of *kinds*.

        A word of the metadata that is set to None is not there any more.
        """
        before = self[object_id]
        after = merged(before, changes)
        if "metadata" in changes:
            after["metadata"] = {word: text for word, text in after["metadata"].items() if text is not None}
        self.objects[object_id] = after
        self.tell(object_id, *kinds, previous=previous_attributes(before, after))

    def in_any_order(self, *kinds: str) -> tuple[str, ...]:
        """Return *kinds* in an order of this time: Stripe promises none."""
        return tuple(self.random.sample(kinds, len(kinds)))

    def forget(self, object_id: str, *kinds: str, answer: Object | None = None) -> None:
        """Tell of an object's end, as it is. *answer* is what Stripe says of it from now on."""
        self.tell(object_id, *kinds)
        self.objects[object_id] = answer

    def tell(self, object_id: str, *kinds: str, previous: Mapping[str, Any] | None = None) -> None:
        """Add an event of each of *kinds* about an object as it is now."""
        for kind in kinds:
            said = previous if self._with_previous and kind.endswith("updated") else None
            self.events.append(
                event(
                    kind,
                    deepcopy(self[object_id]),
                    event_id=self.new_id("evt"),
                    created_s=self.now_s,
                    previous_attributes=None if said is None else deepcopy(dict(said)),
                    api_version=OLD_API_VERSION if self.old else API_VERSION,
                )
            )


def side_by_side(random: Random, lives: Iterable[Life]) -> Life:
    """Live several lives until all have ended, now a step of one and now of another."""
    left = list(lives)
    while left:
        life = random.choice(left)
        try:
            next(life)
        except StopIteration:
            left.remove(life)
        else:
            yield
