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
from tests.integration.console.shipped import apply_shipped
from tests.integration.console.webhooks import Recorder, event

TENANTS = ("acme", "globex")


class Keys(NamedTuple):
    """The texts of their keys."""

    acme: str
    globex: str


def put_two_tenants(connection: Connection) -> Keys:
    """Make both, with a key, usage, fates and rejections each."""
    apply_shipped(connection)
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
    connection.execute("insert into placements values (%s, %s, 'pro', 0)", (tenant, f"{tenant}-customer-0"))
    return key.text
