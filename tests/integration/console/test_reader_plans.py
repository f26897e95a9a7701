"""What the read API asks is answered from the index, policies or not."""

from typing import Any

import pytest
from psycopg import sql

from console.control.core.key import hash_of
from console.queries import queries
from runtime.postgres import Connection, as_reader, connect
from runtime.settings import Settings
from tests.integration.console.two_tenants import put_two_tenants

pytestmark = pytest.mark.integration

PARAMETERS: dict[str, Any] = {
    "tenant": "acme",
    "customer": "acme-customer-1",
    "meter": None,
    "group_by": [],
    "paged": ["api"],
    "levels": ["api"],
    "from_ms": 0,
    "to_ms": 2**52,
    "after_customer": "",
    "after_meter": "",
    "after_group": [],
    "after_hour": 0,
}
MANY = """
insert into rollups
select 't-' || t.tenant, 'c-' || c.customer, meter, grp, hour * 3600000, arrival_day, events, sum, min, max,
    first_ms, first_value, latest_ms, latest_value, stamp, partition, stored_at
from (select * from rollups limit 1) as one, generate_series(1, 20) as t (tenant),
    generate_series(1, 20) as c (customer), generate_series(1, 50) as h (hour)
"""


def index_conditions(connection: Connection, query: sql.SQL) -> list[set[str]]:
    """Return by what the index of rollups is searched; a scan of the whole table is no condition."""
    ((found,),) = connection.execute(sql.SQL("explain (format json) ") + query, PARAMETERS).fetchall()
    nodes: list[dict[str, Any]] = [found[0]["Plan"]]
    for node in nodes:
        nodes += node.get("Plans", [])
    searches = [node for node in nodes if node.get("Index Name") == "rollups_pkey"]
    return [set(node["Index Cond"].strip("()").split(") AND (")) for node in searches]


MANY_INVOICES = """
insert into stripe_invoices
    (tenant, id, created_at_ms, lines_complete, metadata, as_of_ms, event_id, settled, stamp)
select tenant, id || n, n, true, '{}', 0, '', true, 1
from stripe_invoices, generate_series(1, 10000) n
"""


@pytest.mark.parametrize("place", [(2**62, ""), (5_000, "acme-invoice-05000")])
def test_a_page_of_a_list_reads_little_more_than_itself(
    connection: Connection, settings: Settings, place: tuple[int, str]
) -> None:
    keys = put_two_tenants(connection)
    connection.execute(MANY_INVOICES)
    connection.execute("vacuum analyze stripe_invoices")
    page = {"tenant": "acme", "customer": None, "subscription": None, "status": None, "most": 51}
    below = dict(zip(("below_ms", "below_id"), place, strict=True))
    question = sql.SQL("explain (analyze, format json) ") + queries("console.mirror")["invoices"]
    with connect(as_reader(settings, hash_of(keys.acme)), "test") as reader:
        ((found,),) = reader.execute(question, page | below, prepare=False).fetchall()
    nodes: list[dict[str, Any]] = [found[0]["Plan"]]
    for node in nodes:
        nodes += node.get("Plans", [])
    [scan] = [node for node in nodes if node.get("Index Name") == "stripe_invoices_newest"]
    assert scan["Actual Rows"] == 51
    assert "Filter" not in scan


def test_the_policy_costs_the_query_no_index(connection: Connection, settings: Settings) -> None:
    keys = put_two_tenants(connection)
    connection.execute(MANY)
    connection.execute("analyze rollups")
    with connect(as_reader(settings, hash_of(keys.acme)), "test") as reader:
        for name in ("rows_of_customer", "rows_of_tenant"):
            query = queries("console.usage")[name]
            conditions = index_conditions(reader, query)
            assert conditions == index_conditions(connection, query), name
            assert all("tenant = 'acme'::text" in condition for condition in conditions), name
            assert conditions, name
