"""The answer to a batch: what became of each event, and where it stands on the log."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import msgspec

from ingest.core.packing import Place
from ingest.core.problem import Problem
from ingest.core.reading import Batch, Rejection
from ingest.core.repeats import Status
from schemas.admission import Finding

_encode: Final = msgspec.json.Encoder().encode


class Counts(NamedTuple):
    """Events of a request by what their receipts say."""

    accepted: int
    duplicate: int
    conflict: int
    rejected: int


def count(batch: Batch, repeated: Mapping[int, Status]) -> Counts:
    """Return the counts that head the answer."""
    if not repeated:
        return Counts(len(batch.events), 0, 0, len(batch.rejected))
    duplicate = sum(status is Status.DUPLICATE for status in repeated.values())
    return Counts(
        accepted=len(batch.events) - len(repeated),
        duplicate=duplicate,
        conflict=len(repeated) - duplicate,
        rejected=len(batch.rejected),
    )


def status_of(batch: Batch) -> HTTPStatus:
    """Return 202 where everything was published, 207 where only a part was."""
    return HTTPStatus.MULTI_STATUS if batch.rejected else HTTPStatus.ACCEPTED


def receipt(batch: Batch, repeated: Mapping[int, Status], places: Sequence[Place], counts: Counts) -> bytes:
    """Return the body of a 202 or 207. Every pack of *places* is confirmed."""
    if batch.escape_free:
        # By far the most frequent; a dict and an encoder take three times as long.
        results = [
            f'{{"id":"{event.id}","status":"accepted","position":"{pack.position}{index}"}}'
            for event, (pack, index) in zip(batch.events, places, strict=True)
        ]
        special: Iterable[int] = {*repeated, *batch.warnings} if repeated or batch.warnings else ()
    else:
        results = [""] * len(batch.events)
        special = range(len(batch.events))
    for number in special:
        results[number] = _json(_published(batch, number, repeated, places))
    for place, rejection in sorted(batch.rejected.items()):
        results.insert(place, _json(rejected_result(batch, place, rejection)))
    accepted, duplicate, conflict, rejected = counts
    return (
        f'{{"accepted":{accepted},"duplicate":{duplicate},"conflict":{conflict},"rejected":{rejected},'
        f'"results":[{",".join(results)}]}}'
    ).encode()


def all_rejected(batch: Batch) -> Problem:
    """Return the answer where no event was good."""
    places = sorted(batch.rejected.items())
    errors = tuple(
        finding._replace(pointer=_pointer(batch, place, finding))
        for place, rejection in places
        for finding in rejection.findings
    )
    results = [rejected_result(batch, place, rejection) for place, rejection in places]
    counts = Counts(0, 0, 0, len(results))._asdict()
    if batch.many:
        detail = f"each of {len(results)} events was rejected"
    else:
        detail = f"the event was rejected: {errors[0].pointer} {errors[0].detail}".replace(":  ", ": ")
    return Problem("all_rejected", detail, errors, {**counts, "results": results})


def _published(
    batch: Batch, number: int, repeated: Mapping[int, Status], places: Sequence[Place]
) -> dict[str, Any]:
    """Return the receipt of good event *number*."""
    pack, index = places[number]
    result: dict[str, Any] = {
        "id": batch.events[number].id,
        "status": repeated.get(number, Status.ACCEPTED),
        "position": f"{pack.position}{index}",
    }
    if warnings := batch.warnings.get(number):
        result["warnings"] = [{"code": each.code, "detail": each.detail} for each in warnings]
    return result


def rejected_result(batch: Batch, place: int, rejection: Rejection) -> dict[str, Any]:
    """Return what is said of an event that was rejected."""
    findings = [
        finding._replace(pointer=_pointer(batch, place, finding))._asdict() for finding in rejection.findings
    ]
    more = {"errors": findings} if len(findings) > 1 else {}
    return {"id": rejection.id, "status": Status.REJECTED, **findings[0], **more}


def _json(result: dict[str, Any]) -> str:
    return _encode(result).decode()


def _pointer(batch: Batch, place: int, finding: Finding) -> str:
    return f"/{place}{finding.pointer}" if batch.many else finding.pointer
