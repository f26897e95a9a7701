"""The answer to a batch: what became of each event, and where it stands on the log."""

from collections.abc import Mapping, Sequence
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
    if batch.escape_free and not repeated:
        # By far the most frequent answer; a dict and an encoder take three times as long.
        results = ",".join(
            [
                f'{{"id":"{event.id}","status":"accepted","position":"{pack.position}{index}"}}'
                for event, (pack, index) in zip(batch.events, places, strict=True)
            ]
        )
    else:
        results = ",".join(_encode(each).decode() for each in _results(batch, repeated, places))
    accepted, duplicate, conflict, rejected = counts
    return (
        f'{{"accepted":{accepted},"duplicate":{duplicate},"conflict":{conflict},"rejected":{rejected},'
        f'"results":[{results}]}}'
    ).encode()


def all_rejected(batch: Batch) -> Problem:
    """Return the answer where no event was good."""
    places = sorted(batch.rejected.items())
    errors = tuple(
        finding._replace(pointer=_pointer(batch, place, finding))
        for place, rejection in places
        for finding in rejection.findings
    )
    results = [_rejected(batch, place, rejection) for place, rejection in places]
    counts = Counts(0, 0, 0, len(results))._asdict()
    if batch.many:
        detail = f"each of {len(results)} events was rejected"
    else:
        detail = f"the event was rejected: {errors[0].pointer} {errors[0].detail}".replace(":  ", ": ")
    return Problem("all_rejected", detail, errors, {**counts, "results": results})


def _results(batch: Batch, repeated: Mapping[int, Status], places: Sequence[Place]) -> list[dict[str, Any]]:
    results = []
    published = 0
    for place in range(len(batch.events) + len(batch.rejected)):
        if (rejection := batch.rejected.get(place)) is not None:
            results.append(_rejected(batch, place, rejection))
            continue
        pack, index = places[published]
        result: dict[str, Any] = {
            "id": batch.events[published].id,
            "status": repeated.get(published, Status.ACCEPTED),
            "position": f"{pack.position}{index}",
        }
        if warnings := batch.warnings.get(published):
            result["warnings"] = [{"code": each.code, "detail": each.detail} for each in warnings]
        results.append(result)
        published += 1
    return results


def _rejected(batch: Batch, place: int, rejection: Rejection) -> dict[str, Any]:
    findings = [
        finding._replace(pointer=_pointer(batch, place, finding))._asdict() for finding in rejection.findings
    ]
    more = {"errors": findings} if len(findings) > 1 else {}
    return {"id": rejection.id, "status": Status.REJECTED, **findings[0], **more}


def _pointer(batch: Batch, place: int, finding: Finding) -> str:
    return f"/{place}{finding.pointer}" if batch.many else finding.pointer
