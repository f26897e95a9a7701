"""`POST /v1/validate` tells what would happen, and leaves no trace on the log."""

import gzip
import json
from typing import Any
from uuid import uuid4

import pytest

from schemas.instant import format_instant
from tests.integration.ingest.door import READ_KEY, Door, Reply, now_ms

pytestmark = pytest.mark.integration


def event(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"id": str(uuid4()), "customer": "c-1", "meter": "api", "time": format_instant(now_ms()), **more}


def validate(door: Door, body: object, **headers: str) -> Reply:
    return door.post(body, path="/v1/validate", **headers)


def test_it_tells_and_stores_nothing(shared_door: Door) -> None:
    good, storage, bad = (
        event(quantity="2.5"),
        event(meter="storage", data={"bytes": 2**31, "hours": "0.5"}),
        event(quantity="-1"),
    )

    reply = validate(shared_door, [good, storage, bad])

    assert reply.status == 200
    answer = reply.json
    assert (answer["accepted"], answer["rejected"], answer["would_answer"]) == (2, 1, 207)
    assert [each.get("fate") for each in answer["results"]] == ["counted", "counted", None]
    deltas = [[each["delta"] for each in found["meters"]] for found in answer["results"][:2]]
    assert deltas == [["2.5"], ["1"]]
    # The log's end is known to be behind it once a later event is there.
    later = shared_door.post([event()])
    assert later.status == 202
    logged = {found.id for found in shared_door.logged().values()}
    assert later.json["results"][0]["id"] in logged
    assert not logged & {each["id"] for each in (good, storage, bad)}


def test_every_form_of_a_body_is_read(shared_door: Door) -> None:
    one = json.dumps(event()).encode()
    assert validate(shared_door, one).json["accepted"] == 1
    assert validate(shared_door, gzip.compress(b"[" + one + b"]"), Content_Encoding="gzip").status == 200
    lines = shared_door.post(one + b"\n" + one, "application/x-ndjson", path="/v1/validate")
    assert lines.json["duplicate"] == 1


def test_what_would_be_refused_as_a_whole_is_refused(shared_door: Door) -> None:
    assert validate(shared_door, b"{").status == 200  # one event, rejected
    assert validate(shared_door, b"[]").code == "empty_batch"
    assert validate(shared_door, [event()] * 1_001).code == "too_many_events"
    assert shared_door.post(b"x", "text/plain", path="/v1/validate").code == "content_type_unknown"
    assert validate(shared_door, event(), Authorization="").code == "unauthenticated"
    assert validate(shared_door, event(), Authorization=f"Bearer {READ_KEY}").code == "forbidden"
    assert shared_door.post(b"", path="/v1/validate", method="GET").code == "method_not_allowed"
