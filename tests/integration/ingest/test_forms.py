"""Every form in which events may come in."""

import pytest

from tests.integration.ingest.door import Door

pytestmark = pytest.mark.integration

SHORT = {"id": "e-1", "customer": "c-1", "meter": "api", "quantity": "3"}


def test_a_single_event_is_on_the_log_where_its_receipt_says(door: Door) -> None:
    reply = door.post(SHORT)

    assert reply.status == 202
    (result,) = reply.json["results"]
    logged = door.logged()[result["position"]]
    assert (logged.id, logged.series, logged.quantity_micro) == ("e-1", ("acme", "c-1", "api"), 3_000_000)
