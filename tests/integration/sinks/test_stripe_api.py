"""Asking Stripe: what comes back is Stripe's text, and what does not come back is asked for again."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from time import time
from typing import Any

import pytest

from deploy.local.ports import free_port
from runtime.metrics import Metrics
from runtime.version import build
from schemas.errors import Misconfigured, Reject, TryAgain
from schemas.process import SINKS
from schemas.webhook import read_head
from sinks.stripe.api import PATHS, CursorGone, StripeApi
from sinks.stripe.asking import API_VERSION
from sinks.stripe.clients import Clients
from sinks.stripe.core.again import MOST_TRIES
from sinks.stripe.core.breaker import FAILURES, State
from tests.integration.sinks.stripe_double import CUT, DROP, KEY, Fault, StripeDouble, stripe_double
from tests.waiting import until

pytestmark = pytest.mark.integration

EVENTS = "/v1/events"


@pytest.fixture
def double() -> Iterator[StripeDouble]:
    with stripe_double() as running:
        yield running


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(SINKS, build())


@pytest.fixture
async def clients(double: StripeDouble, metrics: Metrics) -> AsyncIterator[Clients]:
    made = Clients(double.address, metrics)
    yield made
    await made.close()


@pytest.fixture
async def api(clients: Clients) -> StripeApi:
    return clients.of("acme", KEY)


def event(number: int) -> dict[str, Any]:
    return {"id": f"evt_{number}", "object": "event", "type": "invoice.paid", "created": 1_000 + number}


async def all_events(api: StripeApi, from_s: int, to_s: int) -> list[str]:
    found, behind, more = list[str](), None, True
    while more:
        page = await api.events(from_s, to_s, behind)
        found += [json.loads(bytes(each))["id"] for each in page.data]
        behind, more = found[-1], page.has_more
    return found


async def test_a_list_is_read_page_by_page_to_its_end(double: StripeDouble, api: StripeApi) -> None:
    double.put(EVENTS, *(event(number) for number in range(250)))
    found = await all_events(api, 1_010, 1_240)
    assert found == [f"evt_{number}" for number in range(239, 9, -1)]
    assert double.asked(EVENTS) == 3
    assert {each.headers["Stripe-Version"] for each in double.seen} == {API_VERSION}


async def test_a_place_that_is_gone_says_so(double: StripeDouble, api: StripeApi) -> None:
    double.put(EVENTS, event(1))
    with pytest.raises(CursorGone):
        await api.events(0, 9_999, "evt_gone")


async def test_an_invoice_is_fetched_with_all_of_its_lines_as_stripe_wrote_them(
    double: StripeDouble, api: StripeApi
) -> None:
    lines = [{"id": f"il_{number}", "amount": number} for number in range(220)]
    double.put(
        "/v1/invoices", {"id": "in_1", "object": "invoice", "created": 5, "livemode": True, "_lines": lines}
    )
    began_s = int(time())
    payload = await api.fetch_snapshot("invoice", "in_1")
    head = read_head(payload)
    assert (head.type, head.object_id, head.api_version, head.livemode) == (
        "weir.snapshot",
        "in_1",
        API_VERSION,
        True,
    )
    assert head.created_at_ms is not None
    assert head.created_at_ms // 1_000 <= int(time()) - 1
    assert head.created_at_ms // 1_000 >= began_s - 40
    listed = json.loads(payload)["data"]["object"]["lines"]
    assert (listed["data"], listed["has_more"]) == (lines, False)


async def test_every_kind_is_fetched_from_its_place_and_what_is_not_there_is_refused(
    double: StripeDouble, api: StripeApi
) -> None:
    for kind, path in PATHS.items():
        double.put(path, {"id": "x_1", "object": kind, "created": 1})
        assert read_head(await api.fetch_snapshot(kind, "x_1")).object_type == kind
    with pytest.raises(Reject, match="resource_missing"):
        await api.fetch_snapshot("customer", "cus_nobody")
    for kind, object_id in (("customer", "../events"), ("customer", ""), ("account", "acct_1")):
        with pytest.raises(Reject):
            await api.fetch_snapshot(kind, object_id)


@pytest.mark.parametrize("fault", [Fault(500), Fault(503), DROP, CUT, Fault(429), Fault(429, "0")])
async def test_what_gets_no_answer_is_asked_for_again(
    double: StripeDouble, api: StripeApi, fault: Fault
) -> None:
    double.put(EVENTS, event(1))
    double.faults.extend([fault, fault])
    assert await all_events(api, 0, 9_999) == ["evt_1"]
    assert double.asked(EVENTS) == 3
    assert api.asking.state is State.CLOSED


async def test_nobody_comes_back_before_stripe_says(double: StripeDouble, api: StripeApi) -> None:
    double.put(EVENTS, event(1))
    double.faults.append(Fault(429, "1"))
    await all_events(api, 0, 9_999)
    first, second = (each.at for each in double.seen)
    assert second - first >= 1


async def test_who_is_told_to_wait_for_long_lets_go(double: StripeDouble, api: StripeApi) -> None:
    double.faults.append(Fault(429, "3600"))
    with pytest.raises(TryAgain, match="too many requests"):
        await api.events(0, 9_999, None)
    assert double.asked(EVENTS) == 1


async def test_after_failures_in_a_row_stripe_is_left_alone_for_this_tenant_only(
    double: StripeDouble, api: StripeApi, clients: Clients, metrics: Metrics
) -> None:
    double.put(EVENTS, event(1))
    double.faults.extend([Fault(500)] * FAILURES)
    with pytest.raises(TryAgain):
        await api.events(0, 9_999, None)
    assert double.asked(EVENTS) == FAILURES == MOST_TRIES
    with pytest.raises(TryAgain, match="asked again in"):
        await api.events(0, 9_999, None)
    assert double.asked(EVENTS) == FAILURES

    assert await all_events(clients.of("bolt", KEY), 0, 9_999) == ["evt_1"]
    shown = {
        state.value: metrics.registry.get_sample_value("weir_stripe_breakers", {"state": state.value})
        for state in State
    }
    assert shown == {"closed": 1, "open": 1, "half_open": 0}


async def test_a_refusal_is_no_failure_of_stripes(double: StripeDouble, api: StripeApi) -> None:
    double.put("/v1/customers")
    for number in range(2 * FAILURES):
        with pytest.raises(Reject):
            await api.fetch_snapshot("customer", f"cus_{number}")
    assert api.asking.state is State.CLOSED


async def test_a_key_that_is_refused_is_for_a_person_to_mend_and_nobody_is_quoted(
    double: StripeDouble, clients: Clients, api: StripeApi
) -> None:
    with pytest.raises(Misconfigured, match="does not know the key of tenant bolt") as refused:
        await clients.of("bolt", "rk_test_another_0123").events(0, 1, None)
    assert "rk_test" not in str(refused.value)
    double.forbidden.add(EVENTS)
    with pytest.raises(Misconfigured, match="rak_event_read") as refused:
        await api.events(0, 1, None)
    assert "p@x.org" not in str(refused.value)
    assert double.asked(EVENTS) == 2


async def test_lists_are_read_at_most_ten_times_a_second(double: StripeDouble, api: StripeApi) -> None:
    double.put(EVENTS, *(event(number) for number in range(1_300)))
    double.limit = 10
    assert len(await all_events(api, 0, 9_999)) == 1_300
    times = [each.at for each in double.seen]
    assert len(times) == 13
    assert all(later - earlier >= 0.9 for earlier, later in zip(times, times[10:], strict=False))
    assert all(later >= earlier for earlier, later in pairwise(times))


@pytest.fixture
def stripe_mock() -> Iterator[str]:
    """Return the address of Stripe's own mock server, which knows what may be asked."""
    program = os.environ.get("STRIPE_MOCK") or shutil.which("stripe-mock")
    if program is None or not Path(program).exists():
        pytest.skip("there is no stripe-mock: name it in STRIPE_MOCK, or put it on the PATH")
    port = free_port()
    running = subprocess.Popen(
        [program, "-http-addr", f"127.0.0.1:{port}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert running.stdout is not None
    with closing(running.stdout) as said:
        until(lambda: "Listening for HTTP" in said.readline())
        yield f"http://127.0.0.1:{port}"
        running.send_signal(signal.SIGTERM)
        running.wait(20)


async def test_stripes_own_mock_takes_every_request_of_ours(stripe_mock: str, metrics: Metrics) -> None:
    clients = Clients(stripe_mock, metrics)
    api = clients.of("acme", "sk_test_0123456789")
    try:
        page = await api.events(1, 2, None)
        assert json.loads(bytes(page.data[0]))["object"] == "event"
        for kind in PATHS:
            if kind not in {"payment_method", "tax_id", "radar.early_fraud_warning"}:
                listed, _ = await api.objects(kind, 1, 2, None)
                assert json.loads(bytes(listed.data[0]))["object"] == kind
            found = read_head(await api.fetch_snapshot(kind, "x_1"))
            assert (found.object_type, found.odd) == (kind, None)
    finally:
        await clients.close()
