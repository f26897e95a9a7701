"""What people decide while the fault suite runs, and what must hold of it everywhere in the end."""

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from console.catalog import document
from console.catalog.core.check import check
from console.control.customers import place_customer
from console.control.versions import apply_version, newest_meters, versions
from console.generator.keys import Account
from console.quota.counters import read_counters
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.errors import AlreadyDone
from schemas.instant import HOUR_MS
from schemas.period import span_at
from schemas.quantity import format_micro
from schemas.quota import UsedKey
from tests.chaos.asking import request
from tests.chaos.quotas import catalog_of

NEXT = Path(__file__).with_name("catalog_next.yaml")
_CUSTOMERS = "select distinct tenant, customer from rollups order by tenant, customer"
_HOURS = """
select meter, min(window_start_ms), max(window_start_ms), sum(events)::bigint,
       sum(events) filter (where window_start_ms >= %(from_ms)s)::bigint
from rollups where meter in ('api', 'api_reads', 'api_calls') group by meter
"""


def decide_next_version(settings: Settings, from_ms: int) -> None:
    """Publish the next version; its lead is played, like the hours of the events."""
    with connect(settings, "chaos", autocommit=True) as connection:
        draft, findings = check(document.read(NEXT), tuple(newest_meters(versions(connection)).values()), {})
        assert not findings, findings
        apply_version(connection, draft, from_ms - HOUR_MS, from_ms)


def change_plans(settings: Settings, draw: random.Random, share: float) -> int:
    """Put a *share* of the customers seen so far on a plan that is drawn; return how many were moved."""
    moved = 0
    with connect(settings, "chaos", autocommit=True) as connection:
        for tenant, customer in connection.execute(_CUSTOMERS).fetchall():
            if draw.random() < share:
                with suppress(AlreadyDone):
                    plan = draw.choice(("small", "large", "large"))
                    place_customer(connection, tenant, customer, plan, time.time_ns() // 1_000_000)
                    moved += 1
    return moved


def version_faults(settings: Settings, from_ms: int) -> list[str]:
    """Return what shows that an event was measured by another version than its hour's."""
    with connect(settings, "chaos", autocommit=True) as connection:
        rows = connection.execute(_HOURS, {"from_ms": from_ms}).fetchall()
    found = {meter: rest for meter, *rest in rows}
    assert found.keys() == {"api", "api_reads", "api_calls"}, found
    faults = []
    if found["api_reads"][1] >= from_ms:
        faults.append("a meter that is gone still counts")
    if found["api_calls"][0] < from_ms:
        faults.append("a meter counts before its time")
    if found["api_calls"][2] != found["api"][3]:
        faults.append(f"{found['api_calls'][2]} of {found['api'][3]} events have the new meter")
    return faults


def answer_faults(settings: Settings, accounts: Iterable[Account], port: int) -> Iterator[str]:
    """Yield what the process on *port* says of a customer's quota other than was decided and counted."""
    catalog = catalog_of(settings)
    used = read_counters(settings, range(settings.partitions)).used
    now_ms = time.time_ns() // 1_000_000
    keys = {account.tenant: account.key for account in accounts}
    with connect(settings, "chaos", autocommit=True) as connection:
        customers = connection.execute(_CUSTOMERS).fetchall()
    meters = catalog.meters_at(now_ms).by_name
    for tenant, customer in customers:
        plan = catalog.plan_of(tenant, customer, now_ms).plan
        assert plan is not None
        for meter in ("api", "storage", "api_calls"):
            _, said = request(f"http://{settings.host}:{port}/v1/quotas/{customer}/{meter}", keys[tenant])
            quota = plan.by_meter[meter]
            assert quota.limit_micro is not None
            row = used.get(UsedKey(tenant, customer, meter, *span_at(quota.period, now_ms)))
            amount = "0" if row is None else meters[meter].answer(row.partial)
            wanted = (plan.name, format_micro(quota.limit_micro), amount, "fresh")
            got = tuple(said.get(name) for name in ("plan", "limit", "used", "decision"))
            if got != wanted:
                yield f"{tenant}/{customer}/{meter}: {got}, not {wanted}"
