"""A made-up Stripe: its objects, its clock, and an event for everything that changes."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final

Object = dict[str, Any]
#: Returns a number from 0 to below its argument, by chance.
Below = Callable[[int], int]

_API_VERSION: Final = "2026-08-26.dahlia"
#: The same seed is the same story, whenever it is told: 2026-08-01T09:00:00Z.
BEGIN_S: Final = 1_785_574_800


class Stripe:
    """Objects as they are now, and an event for every change; its clock has whole seconds."""

    def __init__(self, below: Below) -> None:
        """Begin with nothing; *below* is all that is left to chance."""
        self.below = below
        self.now_s = BEGIN_S
        #: In the order in which it happened.
        self.events: list[Object] = []
        #: What it would answer now, by id.
        self.objects: dict[str, Object] = {}
        self._salt = below(2**32)
        self._ids = 0

    def add(self, prefix: str, kind: str, event_type: str, **members: object) -> str:
        """Let there be an object, tell of it, and return its id."""
        found = self._id(prefix)
        about = {"id": found, "object": kind, "created": self.now_s, "livemode": False, "metadata": {}}
        self.objects[found] = about | members
        self.tell(found, event_type)
        return found

    def change(self, object_id: str, changes: Mapping[str, object], *event_types: str) -> None:
        """Change an object, and tell of that by an event of each type."""
        before = self.objects[object_id]
        self.objects[object_id] = after = merged(before, changes)
        for event_type in event_types:
            self.tell(
                object_id, event_type, previous_attributes(before, after) if "updated" in event_type else None
            )

    def tell(self, object_id: str, event_type: str, previous: Object | None = None) -> None:
        """Add an event about an object as it is; *previous*: what was another before."""
        data: Object = {"object": self.objects[object_id]}
        if previous is not None:
            data["previous_attributes"] = previous
        about = {"id": self._id("evt"), "object": "event", "type": event_type, "created": self.now_s}
        request = {"id": None, "idempotency_key": None}
        rest = {"livemode": False, "pending_webhooks": 1, "request": request, "data": data}
        self.events.append(about | {"api_version": _API_VERSION} | rest)

    def _id(self, prefix: str) -> str:
        self._ids += 1
        return f"{prefix}_{sha256(f'{self._salt} {self._ids}'.encode()).hexdigest()[:16]}"


def merged(into: Mapping[str, Any], changes: Mapping[str, Any]) -> Object:
    """Return *into* with *changes*: objects member by member, all else as a whole."""
    found = dict(into)
    for name, value in changes.items():
        old = found.get(name)
        nested = isinstance(old, dict) and isinstance(value, dict)
        found[name] = merged(old or {}, value) if nested else value
    return found


def previous_attributes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Object:
    """Return what of *before* is another in *after*, nested as it is there; null: it was not there."""
    found: Object = {}
    for name, now in after.items():
        was = before.get(name)
        if was != now:
            nested = isinstance(was, dict) and isinstance(now, dict)
            found[name] = previous_attributes(was or {}, now) if nested else was
    return found
