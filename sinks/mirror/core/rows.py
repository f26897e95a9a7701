"""An object's state as values of its table."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from schemas.mirror_log import MirrorState, ObjectKey
from sinks.mirror.core.tables import TABLES, Parts

Values = Mapping[str, Any]


class ObjectRow(NamedTuple):
    """One object, as PostgreSQL gets it."""

    key: ObjectKey
    stamp: int
    values: Values
    parts: tuple[Values, ...]
    #: What Stripe has to be asked of it; None: nothing.
    doubt: str | None


def row_of(key: ObjectKey, state: MirrorState) -> ObjectRow:
    """Return the row of an object. Raises msgspec.DecodeError where the state holds none."""
    version = state.versions[0]
    values: dict[str, Any] = msgspec.json.decode(version.row)
    parts = TABLES[key.object_kind].parts
    found = values.pop(parts.member, ()) if parts else ()
    values |= {
        "tenant": key.tenant,
        "as_of_ms": state.as_of_ms,
        "event_id": version.event_id,
        "settled": state.settled,
        "deleted_at_ms": state.deleted_at_ms,
        "stamp": state.stamp,
    }
    return ObjectRow(
        key,
        state.stamp,
        values,
        tuple(_part(parts, key, place, one) for place, one in enumerate(found)) if parts else (),
        None if state.deleted_at_ms is not None else _doubt(state, values),
    )


def _part(parts: Parts, key: ObjectKey, place: int, found: Mapping[str, Any]) -> Values:
    return {"tenant": key.tenant, parts.owner: key.object_id, "position": place, **found}


def _doubt(state: MirrorState, values: Values) -> str | None:
    if not state.settled:
        return "order"
    return "lines" if values.get("lines_complete") is False else None
