"""What an event of Stripe's says of the object before it: `previous_attributes`.

Only what changed, nested as the object is; an array as a whole; null for what was not there.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

Object = dict[str, Any]


def previous_attributes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Object:
    """Return what of *before* is another in *after*."""
    found: Object = {}
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            found[name] = previous_attributes(old, new)
        else:
            found[name] = deepcopy(old)
    return found


def merged(into: Mapping[str, Any], changes: Mapping[str, Any]) -> Object:
    """Return *into* with *changes*: objects member by member, all else as a whole.

    With the previous attributes as *changes* it is the object before, but for members that were not there:
    those are null.
    """
    found = deepcopy(dict(into))
    for name, value in changes.items():
        old = found.get(name)
        if isinstance(old, dict) and isinstance(value, dict):
            found[name] = merged(old, value)
        else:
            found[name] = deepcopy(value)
    return found
