"""Two tenants with rows of their own; every name in a row says whose it is: `acme-customer-0`."""

from typing import NamedTuple

from confluent_kafka import Producer

from console.control.keys import create_key
from console.control.tenants import create_tenant
from console.control.topics import apply_topics
from runtime.kafka import producer_config
from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.event import Series, UsageEvent
from schemas.instant import day_of
from schemas.pack import encode_pack
from schemas.partition import partition_of
from tests.integration.console.api import MICRO, count_of, put_fates, put_rollup, this_hour_ms
from tests.integration.console.mirror import Mirrorer, told
from tests.integration.console.shipped import apply_shipped
from tests.integration.console.webhooks import Recorder, event

TENANTS = ("acme", "globex")


class Keys(NamedTuple):
    """The texts of their keys."""

    acme: str
    globex: str


def put_two_tenants(connection: Connection) -> Keys:
    """Make both, with a key, usage, fates, rejections and Stripe's objects each."""
    apply_shipped(connection)
    mirror = Mirrorer(connection)
    for tenant in TENANTS:
        _put_stripe_objects(mirror, tenant)
    return Keys(*(_put(connection, tenant) for tenant in TENANTS))


def send_an_event_each(settings: Settings, connection: Connection) -> None:
    """Put an event of each on the log."""
    assert not apply_topics(settings, connection).findings
    producer = Producer(producer_config(settings, "test"))
    for tenant in TENANTS:
        customer = f"{tenant}-customer-0"
        event = UsageEvent(
            Series(tenant, customer, "api"), this_hour_ms(), MICRO, "api", f"{tenant}-event", b"{}"
        )
        producer.produce(
            f"{settings.topic_prefix}usage",
            encode_pack([event]),
            partition=partition_of(tenant, customer, settings.partitions),
        )
    assert producer.flush(10) == 0


def _put(connection: Connection, tenant: str) -> str:
    create_tenant(connection, tenant)
    key, _ = create_key(connection, tenant, ["read"], tenant.encode().ljust(32, b"."))
    hour = this_hour_ms()
    for number in range(3):
        put_rollup(connection, tenant, f"{tenant}-customer-{number}", "api", hour, count_of(1, MICRO, hour))
    put_fates(connection, tenant, f"{tenant}-type", hour, day_of(hour), counted=3)
    row = ("run", tenant, f"{tenant}-code", hour)
    connection.execute("insert into door_tallies values (%s, %s, %s, %s, 1)", row)
    said = event(f"{tenant}-webhook", f"{tenant}-type", note=f"{tenant}-code")
    Recorder(connection, hour, TENANTS.index(tenant)).put(tenant, said)
    failed = (tenant, f"{tenant}-invoice-0", f"{tenant}-failed")
    connection.execute("insert into stripe_failed_payments values (%s, %s, 0, %s, 0)", failed)
    connection.execute("insert into placements values (%s, %s, 'pro', 0)", (tenant, f"{tenant}-customer-0"))
    return key.text


def _put_stripe_objects(mirror: Mirrorer, tenant: str) -> None:
    """Put one of each kind that is answered: all of customer 0."""
    customer, subscription, invoice = (
        f"{tenant}-{kind}-0" for kind in ("customer", "subscription", "invoice")
    )
    of = {"customer": customer, "metadata": {"of": f"{tenant}-code"}}
    mirror.apply(
        tenant,
        told("customer.created", "customer", 100, id=customer, metadata={"of": f"{tenant}-code"}),
        told("customer.subscription.created", "subscription", 100, id=subscription, **of),
        told("customer.discount.created", "discount", 100, id=f"{tenant}-discount-0", customer=customer),
        told("customer.tax_id.created", "tax_id", 100, id=f"{tenant}-tax-0", customer=customer),
        told("payment_method.attached", "payment_method", 100, id=f"{tenant}-method-0", customer=customer),
        told("invoice.created", "invoice.old", 100, id=invoice, subscription=subscription, **of),
        told("charge.succeeded", "charge.old", 100, id=f"{tenant}-charge-0", invoice=invoice, **of),
        told("refund.created", "refund", 100, id=f"{tenant}-refund-0", charge=f"{tenant}-charge-0"),
        told(
            "credit_note.created",
            "credit_note",
            100,
            id=f"{tenant}-note-0",
            invoice=invoice,
            customer=customer,
        ),
    )
