"""Stripe's stories as webhooks of a tenant of the bench's own, and whether its mirror tells them truly."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from random import Random
from typing import Final, NamedTuple

from console.bench import packs
from console.bench.bench import Bench
from console.bench.packs import Packed
from console.bench.webhook_load import Endpoint
from console.control.tenants import create_tenant
from console.demo.core.ends import differences, ends_of
from console.demo.core.made_up_stripe import Object
from console.demo.core.stripe_lives import tell_story
from console.demo.mirrored import wait_until_mirrored
from console.demo.stripe_tenant import mirrored_ends, open_endpoint
from console.queries import queries
from runtime.postgres import connect
from schemas.partition import partition_of_tenant
from schemas.topics import STRIPE
from schemas.webhook import Envelope, Origin, headers_of

#: On a machine that has much else to do.
_PATIENCE_SECONDS: Final = 300.0
#: Lines of what is wrong that are printed.
_EXAMPLES: Final = 10


class Told(NamedTuple):
    """What one tenant is told."""

    endpoint: Endpoint
    #: In no order.
    payloads: list[str]
    #: Of each payload.
    event_ids: list[str]
    #: As they are in the end, by id.
    objects: Mapping[str, Object]


def tell(bench: Bench, webhooks: int) -> Told:
    """Return whole stories of *webhooks* events at least, for a new tenant that has a secret."""
    settings, seed = bench.stage.settings, bench.stage.next_seed()
    with closing(connect(settings, "bench", autocommit=True)) as connection:
        tenant = create_tenant(connection, f"webhooks-{seed}")
        secret = open_endpoint(settings, connection, tenant)
    random = Random(seed)  # noqa: S311 -- the same seed is the same story
    events: list[Object] = []
    objects: dict[str, Object] = {}
    while len(events) < webhooks:
        story = tell_story(random.randrange)
        events += story.events
        objects |= story.objects
    random.shuffle(events)
    payloads = [json.dumps(event, indent=2, ensure_ascii=False) for event in events]
    endpoint = Endpoint(settings.host, settings.ingest_port, tenant, secret)
    return Told(endpoint, payloads, [event["id"] for event in events], objects)


def publish(bench: Bench, told: Told) -> None:
    """Write *told* to `weir.stripe` as an ingress does, without one. Raises TryAgain."""
    settings, tenant = bench.stage.settings, told.endpoint.tenant
    partition = partition_of_tenant(tenant, settings.partitions)
    headers = headers_of(Envelope(tenant, time.time_ns() // 1_000_000, Origin.WEBHOOK), None)
    packs.publish(settings, (Packed(partition, each.encode()) for each in told.payloads), STRIPE, headers)


def wait_for_mirror(bench: Bench) -> None:
    """Wait until all that is on the log is recorded and mirrored. Raises TryAgain."""
    settings = bench.stage.settings
    with closing(connect(settings, "bench", autocommit=True)) as connection:
        wait_until_mirrored(settings, connection, _PATIENCE_SECONDS)


def check_told(bench: Bench, told: Told) -> None:
    """Add to the figures what is lost, double, or not mirrored as it was told, once it is mirrored."""
    settings, tenant = bench.stage.settings, told.endpoint.tenant
    with closing(connect(settings, "bench", autocommit=True)) as connection:
        rows = connection.execute(queries(__package__)["webhooks_first"], {"tenant": tenant})
        times: dict[str, int] = dict(rows.fetchall())
        wrong = differences(mirrored_ends(connection, tenant), ends_of(told.objects.values()))
    bench.figures.add("lost", sum(event_id not in times for event_id in told.event_ids))
    bench.figures.add("double", sum(first > 1 for first in times.values()))
    bench.figures.add("wrong-sums", len(wrong))
    for line in wrong[:_EXAMPLES]:
        bench.stage.say(line)


def places(bench: Bench, told: Told) -> Iterator[tuple[int, int]]:
    """Yield partition and offset of each event on the log, as `payloads` stand."""
    settings, about = bench.stage.settings, {"tenant": told.endpoint.tenant}
    with closing(connect(settings, "bench", autocommit=True)) as connection:
        rows = connection.execute(queries(__package__)["webhook_places"], about).fetchall()
    found = {event_id: (partition, offset) for event_id, partition, offset in rows}
    yield from (found[event_id] for event_id in told.event_ids)
