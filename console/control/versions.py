"""Versions of the catalogue: checked, numbered, dated, and told to the stream."""

from typing import TypeVar

import msgspec
from psycopg.types.json import Jsonb

from console.catalog.core.check import Draft
from console.catalog.core.effect import effective_from
from console.control.change import change
from console.queries import queries
from runtime.postgres import Connection
from schemas.canary import CANARY_METER, CANARY_PLAN, is_own
from schemas.catalog import MetersPublished
from schemas.errors import AlreadyDone
from schemas.meters import Meter

V = TypeVar("V", MetersPublished, Draft)


def versions(connection: Connection) -> list[MetersPublished]:
    """Return every version so far, in order."""
    stored = connection.execute(queries(__package__)["versions"])
    return [published(version, from_ms, document) for version, from_ms, document, _ in stored]


def published(version: int, effective_from_ms: int, document: object) -> MetersPublished:
    """Return the version that one row of `catalog_versions` describes."""
    draft = msgspec.convert(document, Draft)
    return _fact(version, effective_from_ms, draft)


def _fact(version: int, effective_from_ms: int, draft: Draft) -> MetersPublished:
    return MetersPublished(
        version, effective_from_ms, draft.meters, draft.grace_ms, draft.plans, draft.default_plan
    )


def _with_own(draft: Draft) -> Draft:
    """Return *draft* with the canary's meter and plan, at the end and once."""
    theirs = of_operator(draft)
    meters, plans = (*theirs.meters, CANARY_METER), (*theirs.plans, CANARY_PLAN)
    return msgspec.structs.replace(theirs, meters=meters, plans=plans)


def of_operator(version: V) -> V:
    """Return *version*, published or a draft, as the operator wrote it: without what is Weir's own."""
    meters = tuple(meter for meter in version.meters if not is_own(meter.name))
    plans = tuple(plan for plan in version.plans if not is_own(plan.name))
    return msgspec.structs.replace(version, meters=meters, plans=plans)


def _described(version: MetersPublished) -> dict[str, object]:
    return dict(msgspec.to_builtins(version))


def newest_meters(known: list[MetersPublished]) -> dict[str, Meter]:
    """Return each meter that ever was, as its newest version describes it."""
    return {meter.name: meter for version in known for meter in version.meters}


def apply_version(
    connection: Connection,
    draft: Draft,
    now_ms: int,
    wanted_ms: int | None = None,
    *,
    if_empty: bool = False,
) -> MetersPublished:
    """Make the checked *draft* the next version, from *wanted_ms* on or as soon as may be.

    What is Weir's own is added to it. Raises Reject for an impossible time, and AlreadyDone if the
    newest version says the same, or if there is any version and *if_empty* is set.
    """
    draft = _with_own(draft)
    with change(connection) as changed:
        known = versions(connection)
        newest = known[-1] if known else None
        if newest is not None and (
            if_empty or newest == _fact(newest.version, newest.effective_from_ms, draft)
        ):
            raise AlreadyDone(f"version {newest.version} is in force")
        start_ms = effective_from(
            wanted_ms,
            first=newest is None,
            now_ms=now_ms,
            newest_ms=newest.effective_from_ms if newest else 0,
        )
        fact = _fact(newest.version + 1 if newest else 1, start_ms, draft)
        row = {
            "version": fact.version,
            "effective_from_ms": start_ms,
            "document": Jsonb(msgspec.to_builtins(draft)),
        }
        connection.execute(queries(__package__)["version_add"], row)
        before = _described(newest) if newest else None
        changed.record("catalog.applied", before=before, after=_described(fact))
        changed.tell(fact)
    return fact
