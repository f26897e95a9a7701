"""The mirror of Stripe's objects as people look at it: by the commands and by the API, which agree."""

from collections.abc import Callable
from typing import Any

import pytest

from runtime.postgres import Connection
from tests.described import hold
from tests.integration.console.api import Client, client_of
from tests.integration.console.command import Command
from tests.integration.console.mirror import Mirrorer, told
from tests.stripe.shapes import event, shape

pytestmark = pytest.mark.integration

SUBSCRIPTION = shape("subscription")["id"]
CUSTOMER = shape("customer")["id"]
INVOICE = shape("invoice", old=True)["id"]
CHARGE = shape("charge", old=True)["id"]

Get = Callable[..., Any]


@pytest.fixture
def mirror(connection: Connection, address: str) -> Mirrorer:
    assert address
    return Mirrorer(connection)


@pytest.fixture
def get(acme: Client) -> Get:
    """Return what asks as acme, and holds what is answered against its description."""

    def ask(path: str, word: str | None = None, **parameters: str) -> Any:  # noqa: ANN401 -- as JSON has it
        asked = path if word is None else f"{path[: path.index('{')]}{word}"
        answer = acme.get(asked, **parameters)
        assert answer.status == 200, answer.body
        hold("get", path, 200, answer.body)
        return answer.body

    return ask


CUSTOMERS = "/v1/stripe/customers/{customer}"
SUBSCRIPTIONS = "/v1/stripe/subscriptions"
INVOICES = "/v1/stripe/invoices"
ONE_SUBSCRIPTION = "/v1/stripe/subscriptions/{subscription}"
ONE_INVOICE = "/v1/stripe/invoices/{invoice}"


def put_customer(mirror: Mirrorer, customer: str, tenant: str = "acme", **changes: object) -> None:
    mirror.apply(tenant, told("customer.created", "customer", 100, id=customer, **changes))


def test_a_customer_is_found_by_each_of_its_links_and_what_people_say_holds(
    mirror: Mirrorer, get: Get, acme: Client, weir: Command
) -> None:
    put_customer(mirror, "cus_a")
    put_customer(mirror, "cus_b", metadata={"weir_customer": "c-b"})
    put_customer(mirror, "cus_c", metadata={"weir_customer": "c-b-before"})
    weir("customer", "link", "c-c", "cus_c", "--tenant", "acme")
    links = {
        "cus_a": ("cus_a", "cus_a", "id"),
        "cus_b": ("cus_b", "c-b", "metadata"),
        "c-b": ("cus_b", "c-b", "metadata"),
        "cus_c": ("cus_c", "c-c", "by hand"),
        "c-c": ("cus_c", "c-c", "by hand"),
    }
    for word, (stripe_id, customer, by) in links.items():
        body = get(CUSTOMERS, word)
        assert (body["customer"]["id"], body["link"]) == (stripe_id, {"customer": customer, "by": by}), word
        assert weir.json("customer", "show", word, "--tenant", "acme") == body
    missing = acme.get("/v1/stripe/customers/c-b-before")
    assert (missing.status, missing.body["code"]) == (404, "not_found")
    assert "'c-b-before'" in missing.body["detail"]
    assert not weir("customer", "show", "c-b-before", "--tenant", "acme")
    assert (weir.code, "none is linked to it" in weir.err) == (2, True)


def test_a_link_by_hand_is_audited_refused_where_it_is_taken_and_taken_away_again(
    mirror: Mirrorer, get: Get, weir: Command
) -> None:
    put_customer(mirror, "cus_a")
    put_customer(mirror, "cus_b")

    def link(*words: str) -> int:
        weir("customer", *words, "--tenant", "acme")
        return weir.code

    assert [link("link", "c-1", "cus_a"), link("link", "c-1", "cus_a")] == [0, 0]
    assert "nothing to do" in weir.err
    assert link("link", "c-1", "cus_b") == 2
    assert "unlink" in weir.err
    assert link("link", "c-1", "cus_nobodys") == 2
    assert link("link", "c-2", "cus_a") == 0
    assert "no more that of c-1" in weir.err
    assert get(CUSTOMERS, "cus_a")["link"] == {"customer": "c-2", "by": "by hand"}
    assert [link("unlink", "cus_a"), link("unlink", "cus_a")] == [0, 2]
    assert get(CUSTOMERS, "cus_a")["link"] == {"customer": "cus_a", "by": "id"}
    changed = [
        (each["what"], each["before"], each["after"])
        for each in weir.json("audit", "list", "--tenant", "acme")
        if each["what"].startswith("customer.")
    ]
    one, two = ({"customer": f"c-{number}", "stripe_customer": "cus_a"} for number in (1, 2))
    assert sorted(changed, key=str) == sorted(
        [
            ("customer.linked", None, one),
            ("customer.linked", one, two),
            ("customer.unlinked", two, None),
        ],
        key=str,
    )


def test_a_customer_is_shown_with_all_that_belongs_to_it(mirror: Mirrorer, get: Get, weir: Command) -> None:
    put_customer(mirror, CUSTOMER, name="[Jane]")
    mirror.apply(
        "acme",
        told("customer.subscription.created", "subscription", 100),
        told("invoice.created", "invoice.old", 100),
        told("customer.tax_id.created", "tax_id", 100, customer=CUSTOMER),
        told("payment_method.attached", "payment_method", 100, customer=CUSTOMER),
        told("charge.succeeded", "charge.old", 100, amount=2_000, amount_captured=2_000),
        told("charge.succeeded", "charge", 100, id="ch_2", amount=700, amount_captured=500),
        told(
            "charge.refunded", "charge", 101, id="ch_2", amount=700, amount_captured=500, amount_refunded=99
        ),
        told("charge.succeeded", "charge", 100, id="ch_yen", currency="jpy", amount=7, amount_captured=7),
        told("charge.failed", "charge", 100, id="ch_3", status="failed", amount=9_999),
        told("charge.succeeded", "charge", 100, id="ch_other", customer="cus_other"),
    )
    body = get(CUSTOMERS, CUSTOMER)
    assert body["customer"]["created_at"] == "2009-02-13T23:31:30Z"
    assert (body["customer"]["as_of"], body["customer"]["settled"]) == ("1970-01-01T00:01:40Z", True)
    assert body["money"] == [
        {"currency": "jpy", "charged": 7, "refunded": 0},
        {"currency": "usd", "charged": 2_500, "refunded": 99},
    ]
    counts = {name: len(many) for name, many in body.items() if isinstance(many, list)}
    assert counts == {
        "money": 2,
        "tax_ids": 1,
        "discounts": 0,
        "payment_methods": 1,
        "subscriptions": 1,
        "invoices": 1,
        "charges": 4,
    }
    assert weir.json("customer", "show", CUSTOMER, "--tenant", "acme") == body
    printed = weir("customer", "show", CUSTOMER, "--tenant", "acme")
    for said in ("[Jane]", "25.00 USD", "0.99 USD", "7 JPY", "1 of price_", "7.00 USD"):
        assert said in printed, said


def paged(get: Get, path: str, meanwhile: Callable[[int], None], **given: str) -> list[str]:
    """Return the ids of all pages of one object each."""
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        body = get(path, limit="1", **given, **cursor)
        seen += [each["id"] for each in body["data"]]
        assert len(set(seen)) == len(seen), "no object stands on two pages"
        meanwhile(len(seen))
        if body["next"] is None:
            return seen
        cursor = {"cursor": body["next"]}


@pytest.mark.parametrize(
    ("path", "event_type", "of"),
    [
        (SUBSCRIPTIONS, "customer.subscription.created", "subscription"),
        (INVOICES, "invoice.created", "invoice"),
    ],
)
def test_pages_follow_each_other_whatever_comes_meanwhile(
    mirror: Mirrorer, connection: Connection, get: Get, path: str, event_type: str, of: str
) -> None:
    created = {"a": 100, "b": 200, "c": 200, "d": 200, "e": 300, "f": None, "g": None, "h": 0}
    mirror.apply("acme", *(told(event_type, of, 400, id=name, created=at) for name, at in created.items()))
    mirror.apply("acme", told(event_type, of, 400, id="other", created=250, customer="cus_other"))
    table = path.rpartition("/")[2]
    found = connection.execute(f"select count(*) from stripe_{table} where created_at_ms is null").fetchone()  # noqa: S608 -- our own names
    assert found == (2,)

    def meanwhile(number: int) -> None:
        mirror.apply("acme", told(event_type, of, 500, id=f"new{number}", created=1_000 + number))

    assert paged(get, path, meanwhile, customer=CUSTOMER) == ["e", "d", "c", "b", "a", "h", "g", "f"]


def test_lists_are_narrowed_down_and_a_cursor_holds_for_its_question_alone(
    mirror: Mirrorer, get: Get, acme: Client, address: str, connection: Connection, weir: Command
) -> None:
    for name, status in (("sub_1", "active"), ("sub_2", "past_due"), ("sub_3", "past_due")):
        mirror.apply(
            "acme",
            told("customer.subscription.created", "subscription", 100, id=name, status=status),
            told("invoice.created", "invoice.old", 100, id=f"in_{name}", subscription=name, status="open"),
        )

    def ids(path: str, **given: str) -> list[str]:
        return [each["id"] for each in get(path, **given)["data"]]

    assert ids(SUBSCRIPTIONS, status="past_due") == ["sub_3", "sub_2"]
    assert ids(SUBSCRIPTIONS, customer=CUSTOMER, status="active") == ["sub_1"]
    assert ids(SUBSCRIPTIONS, customer="cus_other") == []
    assert ids(INVOICES, subscription="sub_2") == ["in_sub_2"]
    assert ids(INVOICES, status="paid") == []
    listed = weir.json("subscription", "list", "--status", "past_due", "--tenant", "acme")
    assert listed == get(SUBSCRIPTIONS, status="past_due")["data"]
    assert "sub_3" in weir("subscription", "list", "--limit", "1", "--tenant", "acme")
    assert "more than 1" in weir.err

    cursor = get(SUBSCRIPTIONS, limit="1", status="past_due")["next"]
    assert ids(SUBSCRIPTIONS, status="past_due", cursor=cursor) == ["sub_2"]
    globex = client_of(connection, address, "globex")
    assert globex.get(SUBSCRIPTIONS, status="past_due", cursor=cursor).status == 400
    for path, given in (
        (SUBSCRIPTIONS, {}),
        (SUBSCRIPTIONS, {"status": "active"}),
        (SUBSCRIPTIONS, {"status": "past_due", "customer": CUSTOMER}),
        (INVOICES, {"status": "past_due"}),
    ):
        assert acme.get(path, cursor=cursor, **given).status == 400, (path, given)


@pytest.mark.parametrize(
    ("path", "given", "pointer"),
    [
        (SUBSCRIPTIONS, {"limit": "0"}, "/limit"),
        (SUBSCRIPTIONS, {"cursor": "AAAA"}, "/cursor"),
        (SUBSCRIPTIONS, {"subscription": "sub_1"}, "/subscription"),
        (INVOICES, {"customer": "x" * 256}, "/customer"),
        (INVOICES, {"status": ""}, "/status"),
        ("/v1/stripe/customers/%00", {}, "/customer"),
        ("/v1/stripe/invoices/in_1", {"expand": "lines"}, "/expand"),
    ],
)
def test_what_is_wrong_with_a_question_is_named(
    acme: Client, path: str, given: dict[str, str], pointer: str
) -> None:
    answer = acme.get(path, **given)
    assert (answer.status, [each["pointer"] for each in answer.body["errors"]]) == (400, [pointer])


def test_a_subscription_is_shown_with_its_life_and_the_step_that_stripe_does_not_allow(
    mirror: Mirrorer, get: Get, acme: Client, weir: Command
) -> None:
    def changed(at_s: int, status: str, was: str) -> None:
        about = shape("subscription") | {"status": status}
        mirror.apply(
            "acme",
            event(
                "customer.subscription.updated",
                about,
                event_id=f"evt_{at_s}",
                created_s=at_s,
                previous_attributes={"status": was},
            ),
        )

    mirror.apply("acme", told("customer.subscription.created", "subscription", 100, status="trialing"))
    changed(300, "active", "canceled")
    changed(200, "canceled", "trialing")
    mirror.apply("acme", told("invoice.created", "invoice.old", 100))

    body = get(ONE_SUBSCRIPTION, SUBSCRIPTION)
    assert [
        (step["at"], step["status_before"], step["status"], step["is_allowed"]) for step in body["timeline"]
    ] == [
        ("1970-01-01T00:01:40Z", None, "trialing", True),
        ("1970-01-01T00:03:20Z", "trialing", "canceled", True),
        ("1970-01-01T00:05:00Z", "canceled", "active", False),
    ]
    assert body["subscription"]["status"] == "active"
    [item] = body["subscription"]["items"]
    assert (item["quantity"], item["currency"]) == (1, "usd")
    assert [invoice["id"] for invoice in body["invoices"]] == [INVOICE]
    assert weir.json("subscription", "show", SUBSCRIPTION, "--tenant", "acme") == body
    assert "active (not allowed)" in weir("subscription", "show", SUBSCRIPTION, "--tenant", "acme")

    missing = acme.get("/v1/stripe/subscriptions/sub_nobodys")
    assert (missing.status, missing.body["detail"]) == (404, "there is no subscription 'sub_nobodys'")
    assert not weir("subscription", "show", "sub_nobodys", "--tenant", "acme")
    assert weir.code == 2


def test_an_invoice_is_shown_with_its_lines_its_life_and_what_was_paid_and_given_back(
    mirror: Mirrorer, get: Get, acme: Client
) -> None:
    line = shape("invoice", old=True)["lines"]["data"][0]
    lines = {"object": "list", "data": [line, line | {"id": "il_2", "amount": -5}], "has_more": False}
    paid = {
        "status": "paid",
        "amount_paid": 2_000,
        "lines": lines,
        "payment_intent": "pi_1",
        "charge": CHARGE,
    }
    mirror.apply(
        "acme",
        told("invoice.created", "invoice.old", 100, lines=lines),
        told("invoice.finalized", "invoice.old", 110, lines=lines, status="open"),
        told("invoice.paid", "invoice.old", 120, **paid),
        # The first one failed: only the payment names it.
        told(
            "charge.failed",
            "charge",
            111,
            id="ch_failed",
            payment_intent="pi_1",
            status="failed",
            created=111,
        ),
        told("charge.succeeded", "charge.old", 120, invoice=INVOICE, payment_intent=None, created=120),
        told("charge.succeeded", "charge", 120, id="ch_other", payment_intent="pi_other", invoice=None),
        told("refund.created", "refund", 130, id="re_1", charge=CHARGE, payment_intent=None, created=130),
        told("refund.created", "refund", 130, id="re_noted", charge=None, payment_intent=None, created=131),
        told("refund.created", "refund", 130, id="re_other", charge="ch_other", payment_intent=None),
        told("credit_note.created", "credit_note", 131, invoice=INVOICE, refund="re_noted", refunds=[]),
        told("credit_note.created", "credit_note", 131, id="cn_other", invoice="in_other"),
    )
    body = get(ONE_INVOICE, INVOICE)
    assert [(each["id"], each["amount"]) for each in body["lines"]] == [
        (line["id"], line["amount"]),
        ("il_2", -5),
    ]
    assert [(step["status"], step["amount"]) for step in body["timeline"]] == [
        ("draft", 0),
        ("open", 0),
        ("paid", 2_000),
    ]
    ids = {name: [each["id"] for each in body[name]] for name in ("charges", "refunds", "credit_notes")}
    assert ids == {
        "charges": [CHARGE, "ch_failed"],
        "refunds": ["re_noted", "re_1"],
        "credit_notes": [shape("credit_note")["id"]],
    }
    assert (body["invoice"]["status"], body["invoice"]["amount_paid"]) == ("paid", 2_000)
    missing = acme.get("/v1/stripe/invoices/in_nobodys")
    assert (missing.status, missing.body["code"]) == (404, "not_found")


def test_what_followed_a_failed_payment_is_shown_and_gaps_are_listed(
    mirror: Mirrorer, get: Get, weir: Command, connection: Connection
) -> None:
    for tenant in ("acme", "globex"):
        mirror.apply(
            tenant,
            told("customer.subscription.created", "subscription", 100),
            told("invoice.created", "invoice.old", 100, status="open", next_payment_attempt=900),
            told("invoice.created", "invoice.old", 100, id="in_other", subscription="sub_other"),
        )
    connection.execute(
        "insert into stripe_failed_payments values"
        f"('acme', '{INVOICE}', 300000, 'evt_1', 1300000, 'attempted'),"
        f"('acme', '{INVOICE}', 400000, 'evt_2', 1400000, null),"
        "('acme', 'in_other', 500000, 'evt_3', 1500000, null),"
        f"('globex', '{INVOICE}', 600000, 'evt_4', 1600000, null)"
    )
    failed = [
        {
            "invoice": INVOICE,
            "failed_at": "1970-01-01T00:06:40Z",
            "event_id": "evt_2",
            "judged_at": "1970-01-01T00:23:20Z",
            "step": None,
        },
        {
            "invoice": INVOICE,
            "failed_at": "1970-01-01T00:05:00Z",
            "event_id": "evt_1",
            "judged_at": "1970-01-01T00:21:40Z",
            "step": "attempted",
        },
    ]
    assert get(ONE_SUBSCRIPTION, SUBSCRIPTION)["failed_payments"] == failed
    assert get(ONE_INVOICE, INVOICE)["failed_payments"] == failed
    assert "none: a dunning gap" in weir("subscription", "show", SUBSCRIPTION, "--tenant", "acme")

    gaps = weir.json("subscription", "dunning-gaps", "--tenant", "acme")
    assert [(each["invoice"], each["event_id"]) for each in gaps] == [
        ("in_other", "evt_3"),
        (INVOICE, "evt_2"),
    ]
    assert gaps[1] == {
        "failed_at": "1970-01-01T00:06:40Z",
        "invoice": INVOICE,
        "subscription": SUBSCRIPTION,
        "customer": CUSTOMER,
        "amount_remaining": 2_000,
        "currency": "usd",
        "status": "open",
        "next_payment_attempt_at": "1970-01-01T00:15:00Z",
        "event_id": "evt_2",
        "judged_at": "1970-01-01T00:23:20Z",
    }
    [newest] = weir.json("subscription", "dunning-gaps", "--tenant", "acme", "--limit", "1")
    assert newest == gaps[0]


def test_what_stripe_has_to_be_asked_is_listed(mirror: Mirrorer, weir: Command) -> None:
    line = shape("invoice")["lines"]["data"][0]
    cut = {"object": "list", "data": [line], "has_more": True}
    mirror.apply("acme", told("invoice.created", "invoice", 100, lines=cut))
    [doubt] = weir.json("mirror", "doubts", "--tenant", "acme")
    assert doubt == {
        "object_kind": "invoice",
        "object_id": INVOICE,
        "as_of": "1970-01-01T00:01:40Z",
        "why": "lines",
    }
    assert INVOICE in weir("mirror", "doubts", "--tenant", "acme")


def test_the_same_ids_at_two_tenants_are_two_things(
    mirror: Mirrorer, get: Get, address: str, connection: Connection, weir: Command
) -> None:
    line = shape("invoice", old=True)["lines"]["data"][0]
    for tenant in ("acme", "globex"):
        put_customer(mirror, CUSTOMER, tenant, name=f"{tenant}-name", metadata={"weir_customer": "c-1"})
        lines = {"object": "list", "data": [line | {"description": f"{tenant}-line"}], "has_more": False}
        mirror.apply(
            tenant,
            told("customer.subscription.created", "subscription", 100, metadata={"of": f"{tenant}-sub"}),
            told("invoice.created", "invoice.old", 100, lines=lines, number=f"{tenant}-number"),
            told("charge.succeeded", "charge.old", 100, metadata={"of": f"{tenant}-charge"}),
        )
    weir("customer", "link", "c-2", CUSTOMER, "--tenant", "globex")
    globex = client_of(connection, address, "globex")
    for path, word in (
        (CUSTOMERS, CUSTOMER),
        (CUSTOMERS, "c-1"),
        (ONE_SUBSCRIPTION, SUBSCRIPTION),
        (ONE_INVOICE, INVOICE),
        (SUBSCRIPTIONS, None),
        (INVOICES, None),
    ):
        body = str(get(path, word))
        assert "acme-" in body, path
        assert "globex-" not in body, path
    assert get(CUSTOMERS, "c-1")["link"]["by"] == "metadata"
    assert globex.get("/v1/stripe/customers/c-1").status == 404
    assert globex.get("/v1/stripe/customers/c-2").body["customer"]["name"] == "globex-name"
    assert len(get(INVOICES)["data"]) == 1
