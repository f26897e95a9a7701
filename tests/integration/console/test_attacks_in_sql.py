"""What somebody could do who got SQL into a session of the read API."""

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL

from console.api.reader import Reader
from console.control.core.key import hash_of
from console.control.keys import create_key, revoke_key
from runtime.postgres import Connection, as_reader, connect
from runtime.settings import Settings
from tests.integration.console.two_tenants import TENANTS, Keys, put_two_tenants
from tests.running import Running
from tests.stack import Namespace
from tests.waiting import until

pytestmark = pytest.mark.integration

StartProcess = Callable[..., Running]


class Intruder:
    """Whoever got SQL into a session of the read API."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(SQL(statement)).fetchall()

    def tenants(self) -> set[str]:
        """Return whose rows can be seen, in whatever holds rows."""
        tables = (
            *("rollups", "fate_counts", "door_tallies", "placements"),
            *("webhook_events", "webhook_deliveries", "customer_links", "stripe_history"),
            *("stripe_customers", "stripe_tax_ids", "stripe_discounts", "stripe_payment_methods"),
            *("stripe_subscriptions", "stripe_subscription_items", "stripe_invoices"),
            *("stripe_invoice_lines", "stripe_charges", "stripe_refunds", "stripe_credit_notes"),
        )
        return {row[0] for table in tables for row in self.rows(f"select tenant from {table}")}  # noqa: S608

    def refused(self, statement: str) -> bool:
        """Try *statement*, and say whether it was refused for lack of a privilege."""
        try:
            self.connection.execute(SQL(statement))
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidAuthorizationSpecification):
            return True
        return False


@pytest.fixture
def keys(connection: Connection) -> Keys:
    return put_two_tenants(connection)


@pytest.fixture
def intruder(keys: Keys, settings: Settings) -> Iterator[Intruder]:
    assert keys
    with connect(as_reader(settings), "api", autocommit=True) as opened:
        yield Intruder(opened)


@pytest.fixture
def bound(keys: Keys, settings: Settings) -> Iterator[Intruder]:
    """Return a session to which the key of acme was shown."""
    with connect(as_reader(settings, hash_of(keys.acme)), "api", autocommit=True) as opened:
        yield Intruder(opened)


def test_without_a_key_there_are_no_rows(intruder: Intruder) -> None:
    assert intruder.tenants() == set()
    assert intruder.rows("select bound_tenant()") == [(None,)]


VARIABLES = (
    *("weir.tenant", "weir.admin", "weir.is_admin", "weir.role", "app.tenant", "app.is_admin", "my.role"),
    *("weir.operator", "application_name", "request.jwt.claim.role"),
)


def test_no_variable_gives_more_than_the_tenant_whose_key_was_shown(bound: Intruder, keys: Keys) -> None:
    assert bound.tenants() == {"acme"}
    for name in VARIABLES:
        for value in ("globex", "weir", "weir_operator", "admin", "true", "*"):
            bound.connection.execute("select set_config(%s, %s, false)", (name, value))
            assert bound.tenants() == {"acme"}, name
    for value in ("", "globex", "*", "null", "00", hash_of("globex").hex(), keys.globex):
        bound.connection.execute("select set_config('weir.key_hash', %s, false)", (value,))
        with suppress(psycopg.errors.InvalidParameterValue):  # no hash at all
            assert bound.tenants() == set(), value


def test_a_search_by_marks_gives_no_places_of_another_tenants(
    bound: Intruder, intruder: Intruder, connection: Connection
) -> None:
    def places(by: Connection, whose: str) -> int:
        """Return how many deliveries of *whose* tenant are found that say its own name."""
        found = connection.execute(
            "select recorded_at_ms - recorded_at_ms %% 86400000, marks from webhook_deliveries"
            " where tenant = %s",
            (whose,),
        ).fetchone()
        assert found is not None
        day_ms, marks = found
        return by.execute(
            "select 1 from webhooks_marked(%s, %s, %s, 0, %s, %s, 0::smallint, 0::smallint, 0, 10)",
            (whose, [day_ms], marks, 2**60, 2**60),
        ).rowcount

    assert [places(bound.connection, whose) for whose in TENANTS] == [1, 0]
    assert [places(intruder.connection, whose) for whose in TENANTS] == [0, 0]
    assert [places(connection, whose) for whose in TENANTS] == [1, 1]


def test_a_revoked_key_shows_nothing(bound: Intruder, keys: Keys, connection: Connection) -> None:
    assert bound.tenants() == {"acme"}
    revoke_key(connection, keys.acme)
    assert bound.tenants() == set()
    key, _ = create_key(connection, "acme", ["ingest"], bytes(32))
    bound.connection.execute("select set_config('weir.key_hash', %s, false)", (key.key_hash.hex(),))
    assert bound.tenants() == set()


FORBIDDEN = (
    # becoming somebody else
    *("set role weir", "set role weir_operator", "set role weir_writer", "set role postgres"),
    *("set session authorization weir", "set local session authorization postgres"),
    *(
        "grant weir_operator to weir_reader",
        "alter role weir_reader bypassrls",
        "alter role weir_reader superuser",
    ),
    "set session_replication_role = replica",
    # taking the policies away
    *("alter table rollups disable row level security", "alter table rollups no force row level security"),
    *("drop policy one_tenant on rollups", "create policy more on rollups using (true)"),
    *("alter table rollups owner to weir_reader", "call keep_apart('progress')"),
    "create or replace function bound_tenant() returns text language sql as 'select null::text'",
    "create function public.mine() returns text language sql as 'select null::text'",
    # reading what the answers are not made of
    *("select * from api_keys", "select * from tenants", "select * from outbox", "select * from skips"),
    *("select * from dead_letters", "select * from audit_log", "select * from pg_authid"),
    *(
        "select pg_read_file('/etc/passwd')",
        "copy rollups to program 'cat'",
        "copy rollups to '/tmp/rollups'",
    ),
    "select lo_import('/etc/passwd')",
    # writing
    "insert into rollups select * from rollups",
    "insert into rollups (tenant, sum) values ('acme', -5)",
    *(
        "update rollups set sum = -sum",
        "delete from rollups",
        "truncate rollups",
        "select 1 from rollups for update",
    ),
    *("insert into customer_links select * from customer_links", "update stripe_invoices set total = 0"),
    *("update progress set source_offset = 0", "delete from archive_files", "drop table rollups"),
    *("insert into catalog_versions values (99, 0, '{}')", "insert into audit_log (what) values ('mine')"),
    "insert into outbox (topic, key, value) values ('catalog', 'key/x', '')",
)


def test_it_cannot_become_another_nor_change_anything(bound: Intruder, connection: Connection) -> None:
    before = connection.execute("select count(*), sum(sum) from rollups").fetchall()
    for statement in FORBIDDEN:
        assert bound.refused(statement), statement
    assert bound.tenants() == {"acme"}
    assert connection.execute("select count(*), sum(sum) from rollups").fetchall() == before


def test_row_security_cannot_be_switched_off(bound: Intruder) -> None:
    bound.connection.execute("set row_security = off")
    assert bound.refused("select * from rollups")


def test_a_leaky_function_sees_no_row_before_the_policy_does(bound: Intruder, connection: Connection) -> None:
    connection.execute("analyze rollups")
    seen: list[str] = []
    bound.connection.add_notice_handler(lambda notice: seen.append(notice.message_primary or ""))
    bound.connection.execute(
        "create function pg_temp.leak(text) returns bool language plpgsql cost 0.0000001"
        " as $$ begin raise notice '%', $1; return true; end $$"
    )
    assert len(bound.rows("select 1 from rollups where pg_temp.leak(customer)")) == 3
    assert {name.partition("-")[0] for name in seen} == {"acme"}
    assert bound.rows("select most_common_vals from pg_stats where tablename = 'rollups'") == []


async def test_what_a_request_leaves_in_its_session_is_gone_with_it(keys: Keys, settings: Settings) -> None:
    async with Reader(settings).open_pool() as pool:
        await pool.resize(1, 1)
        async with pool.connection() as connection:
            pid = connection.info.backend_pid
            await connection.execute("create temp table rollups as select 'globex' as tenant")
            await connection.execute("prepare usage as select 1")
            await connection.execute("listen usage")
            for name, value in (("search_path", "pg_temp"), ("weir.key_hash", hash_of(keys.acme).hex())):
                await connection.execute("select set_config(%s, %s, false)", (name, value))
        async with pool.connection() as connection:
            assert connection.info.backend_pid == pid
            for table in ("rollups", "pg_prepared_statements", "pg_listening_channels()"):
                assert await (await connection.execute(f"select * from {table}")).fetchall() == []  # noqa: S608


def test_a_login_that_could_see_every_tenant_is_not_used(namespace: Namespace, start: StartProcess) -> None:
    console = start("console", "api", WEIR_POSTGRES_READER=namespace.postgres)

    until(lambda: "login 'weir' could see every tenant" in said_of(console.health + "/readyz"))


def test_every_table_with_a_tenant_is_kept_apart(connection: Connection) -> None:
    found = connection.execute(
        "select c.relname, c.relrowsecurity and c.relforcerowsecurity, p.permissive, p.roles::text"
        " from pg_attribute a join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p')"
        " left join pg_policies p on p.tablename = c.relname and p.policyname = 'one_tenant'"
        " where a.attname = 'tenant' and c.relnamespace = 'public'::regnamespace"
    ).fetchall()
    assert {row[0] for row in found} >= {"rollups", "fate_counts", "api_keys", "dead_letters", "audit_log"}
    for table, forced, permissive, roles in found:
        assert (forced, permissive, roles) == (True, "RESTRICTIVE", "{weir_reader}"), f"keep_apart('{table}')"


def said_of(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode()
    except OSError:
        return ""
