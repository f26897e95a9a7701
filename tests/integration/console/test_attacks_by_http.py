"""What a tenant may try against the others by the read API: as a process of its own, route by route."""

import base64
import json
import urllib.parse
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from console.api.routes import ROUTES, Parameter, Route
from deploy.local.ports import free_port
from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.partition import partition_of
from tests.integration.console.api import Answer, Client
from tests.integration.console.two_tenants import TENANTS, put_two_tenants, send_an_event_each
from tests.running import Running
from tests.stack import PARTITIONS

pytestmark = pytest.mark.integration

StartProcess = Callable[..., Running]


@pytest.fixture
def clients(settings: Settings, connection: Connection, start: StartProcess) -> dict[str, Client]:
    send_an_event_each(settings, connection)
    keys = put_two_tenants(connection)
    port = free_port()
    # With its relay: the books want the catalogue on the log.
    start("console", WEIR_CONSOLE_PORT=str(port)).wait_ready()
    return {tenant: Client(f"http://127.0.0.1:{port}", getattr(keys, tenant)) for tenant in TENANTS}


#: What each parameter is asked with where another one is attacked; of path parameters, too.
PLAIN = {
    "customer": "acme-customer-0",
    "meter": "api",
    "source": "api",
    "id": "acme-event",
    "event_id": "acme-webhook",
    "subscription": "acme-subscription-0",
    "invoice": "acme-invoice-0",
}
FOREIGN = {
    "customer": "globex-customer-0",
    "type": "globex-type",
    "id": "globex-event",
    "event_id": "globex-webhook",
    "subscription": "globex-subscription-0",
    "invoice": "globex-invoice-0",
    "text": "globex-code",
}
STRIPE_OBJECTS = (
    *("/v1/stripe/subscriptions", "/v1/stripe/invoices", "/v1/stripe/customers/NAME-customer-0"),
    *("/v1/stripe/subscriptions/NAME-subscription-0", "/v1/stripe/invoices/NAME-invoice-0"),
)
FRAGMENTS = (
    "' or '1'='1",
    "'; drop table rollups; --",
    "x' union select key_hash::text, null from api_keys --",
    "acme-customer-0' --",
    "%' or tenant like '%",
    "$1",
    "%(tenant)s",
    "\\'; select pg_sleep(60); --",
    "acme-customer-0\0",
    "{{7*7}}",
    "\u02bc or 1=1",
    "1) or (1=1",
    "9" * 400,
    "\U0001f4a5",
)


def ask(client: Client, route: Route, **changed: str) -> Answer:
    """Ask for *route* with what it requires, and *changed* over it."""
    values = {each.name: PLAIN[each.name] for each in route.parameters if each.required} | changed
    path = route.path
    for each in route.parameters:
        if each.in_path:
            path = path.replace(f"{{{each.name}}}", quoted(values.pop(each.name)))
    return client.get(path, **values)


def attacked() -> Iterator[tuple[Route, Parameter]]:
    return ((route, parameter) for route in ROUTES for parameter in route.parameters)


def test_sql_in_any_parameter_of_any_route_is_a_name_that_nobody_has(clients: dict[str, Client]) -> None:
    for route, parameter in attacked():
        for fragment in FRAGMENTS:
            answer = ask(clients["acme"], route, **{parameter.name: fragment})
            attack = (route.path, parameter.name, fragment)
            assert answer.status in {200, 400, 404}, attack
            if answer.status == 200:
                assert names_in(answer, echoed=fragment) == set(), attack
    for fragment in filter(str.isascii, filter(str.isprintable, FRAGMENTS)):
        stranger = Client(clients["acme"].address, fragment)
        assert {ask(stranger, route).status for route in ROUTES} == {401}, fragment
    assert all(ask(clients["acme"], route).status == 200 for route in ROUTES), "the tables are there"


def test_what_is_another_tenants_is_answered_as_what_nobody_has(clients: dict[str, Client]) -> None:
    acme = clients["acme"]
    for route, parameter in attacked():
        foreign = FOREIGN.get(parameter.name)
        if foreign is None:
            continue
        unknown = unknown_like(foreign)
        found, nothing = (ask(acme, route, **{parameter.name: name}) for name in (foreign, unknown))
        assert found.status == nothing.status
        assert timeless(found, foreign) == timeless(nothing, unknown), route.path


def test_no_answer_without_filters_holds_another_tenants_name(clients: dict[str, Client]) -> None:
    for tenant in TENANTS:
        for route in ROUTES:
            own = {
                each.name: PLAIN[each.name].replace("acme", tenant)
                for each in route.parameters
                if each.required
            }
            answer = ask(clients[tenant], route, **own)
            assert names_in(answer) <= {tenant}, route.path
        assert names_in(clients[tenant].get("/v1/usage")) == {tenant}
        assert names_in(clients[tenant].get("/v1/late-events")) == {tenant}
        assert names_in(clients[tenant].get("/v1/balance-sheet")) == {tenant}
        assert names_in(clients[tenant].get("/v1/webhooks")) == {tenant}
        for path in STRIPE_OBJECTS:
            assert names_in(clients[tenant].get(path.replace("NAME", tenant))) == {tenant}, path


def test_cursors_that_are_forged_foreign_or_cut_are_refused(clients: dict[str, Client]) -> None:
    acme, globex = clients["acme"], clients["globex"]
    mine = acme.get("/v1/usage", limit="1").body["next"]
    assert acme.get("/v1/usage", limit="1", cursor=mine).status == 200
    raw = base64.urlsafe_b64decode(mine + "=" * (-len(mine) % 4))
    moved = raw.replace(b"acme-customer", b"globex-customer")
    assert moved != raw
    forged = {
        "foreign": globex.get("/v1/usage", limit="1").body["next"],
        "moved": base64.urlsafe_b64encode(moved).decode().rstrip("="),
        "unsealed": base64.urlsafe_b64encode(bytes(16) + raw[16:]).decode().rstrip("="),
        "cut": mine[:-4],
        "begun": mine[:12],
        "grown": mine + "AAAA",
        "empty": "",
        "sql": "' or 1=1 --",
    }
    for name, cursor in forged.items():
        assert acme.get("/v1/usage", limit="1", cursor=cursor).status == 400, name


def unknown_like(foreign: str) -> str:
    """Return a name that nobody has, of the same partition: how complete an answer is depends on that."""
    names = (foreign.replace("globex", f"nobody{number}") for number in count())
    wanted = partition_of("acme", foreign, PARTITIONS)
    return next(name for name in names if partition_of("acme", name, PARTITIONS) == wanted)


def quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def names_in(answer: Answer, echoed: str = "") -> set[str]:
    """Return the tenants whose names occur in *answer*, but for what it repeats of us."""
    text = json.dumps(answer.body)
    if echoed:
        text = text.replace(json.dumps(echoed)[1:-1], "")
    kinds = ("customer", "type", "code", "subscription", "invoice", "charge", "refund", "note")
    return {tenant for tenant in TENANTS for kind in kinds if f"{tenant}-{kind}" in text}


def timeless(answer: Answer, name: str) -> str:
    """Return what is answered about *name*, without the name and without the time of asking."""
    body = {
        key: value for key, value in answer.body.items() if key not in ("complete_through", "lag_seconds")
    }
    return json.dumps(body).replace(name, "…")
