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
