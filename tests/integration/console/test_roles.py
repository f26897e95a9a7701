"""Roles: who may migrate, who may write results, and how the read API gets in."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from console.control.keys import create_key
from console.control.tenants import create_tenant
from console.control.topics import apply_topics
from runtime.postgres import Connection, as_reader, connect
from runtime.settings import Settings
from sinks.sql import migrate
from tests.integration.console.command import Command
from tests.integration.sinks.processor import Processor
from tests.running import Running
from tests.stack import Namespace
from tests.waiting import until

pytestmark = pytest.mark.integration

NewLogin = Callable[..., Settings]


@pytest.fixture
def superuser(namespace: Namespace) -> Iterator[Connection]:
    with psycopg.connect(make_conninfo(namespace.postgres, user="postgres"), autocommit=True) as opened:
        yield opened


@pytest.fixture
def new_login(superuser: Connection, namespace: Namespace) -> Iterator[NewLogin]:
    """Make a login with some attributes, and return settings with it: `new_login("writes", "in role …")`."""
    made: list[sql.Identifier] = []

    def login(name: str, attributes: str = "") -> Settings:
        full = f"{namespace.name}_{name}"
        made.append(sql.Identifier(full))
        superuser.execute(sql.SQL("create role {} login {}").format(made[-1], sql.SQL(attributes)))
        return namespace.settings(WEIR_POSTGRES=make_conninfo(namespace.postgres, user=full))

    yield login
    for role in made:
        superuser.execute(sql.SQL("drop owned by {} cascade").format(role))
        superuser.execute(sql.SQL("drop role {}").format(role))


@pytest.mark.parametrize("attributes", ["in role weir_writer, weir_operator", "superuser"])
def test_whoever_migrates_the_read_api_sees_one_tenant(
    superuser: Connection, namespace: Namespace, new_login: NewLogin, attributes: str
) -> None:
    # The tests' own databases were migrated by one who may create roles, and nothing else.
    settings = new_login("migrates", attributes)
    superuser.execute("drop schema public, jobs cascade")
    superuser.execute("create schema public")
    superuser.execute("grant all on schema public to public")
    login = sql.Identifier(str(conninfo_to_dict(settings.postgres)["user"]))
    superuser.execute(
        sql.SQL("grant create on database {} to {}").format(sql.Identifier(namespace.name), login)
    )
    migrate(settings.postgres)

    with connect(settings, "test", autocommit=True) as owner:
        for tenant in ("acme", "globex"):
            create_tenant(owner, tenant)
            owner.execute("insert into door_tallies values ('run', %s, 'code', 0, 1)", (tenant,))
        key, _ = create_key(owner, "acme", ["read"], bytes(32))
        assert len(owner.execute("select from door_tallies").fetchall()) == 2
    with connect(as_reader(settings, key.key_hash), "test") as reader:
        assert reader.execute("select tenant from door_tallies").fetchall() == [("acme",)]


def test_an_owner_who_is_no_member_sees_nothing(superuser: Connection, new_login: NewLogin) -> None:
    stranger = new_login("owns")
    owner = conninfo_to_dict(stranger.postgres)["user"]
    superuser.execute("insert into door_tallies values ('run', 'acme', 'code', 0, 1)")
    superuser.execute(sql.SQL("alter table door_tallies owner to {}").format(sql.Identifier(str(owner))))

    with connect(stranger, "test", autocommit=True) as connection:
        assert connection.execute("select * from door_tallies").fetchall() == []
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
            connection.execute("insert into door_tallies values ('run', 'globex', 'code', 0, 1)")


#: What each role must not do, though it writes.
BEYOND = {
    "weir_writer": (
        *("insert into tenants values ('eve', 'eve')", "select * from api_keys", "select * from outbox"),
        *("insert into catalog_versions values (9, 0, '{}')", "insert into audit_log (what) values ('mine')"),
        *("select * from audit_log", "delete from rollups", "truncate rollups", "drop table rollups"),
    ),
    "weir_operator": (
        *(
            "update rollups set sum = 0",
            "insert into rollups (tenant) values ('acme')",
            "delete from tenants",
        ),
        *("update api_keys set tenant = 'eve'", "update tenants set name = 'eve'", "delete from skips"),
        *("insert into audit_log (id, what) values (1, 'mine')", "update audit_log set who = 'eve'"),
        *("delete from audit_log", "truncate audit_log", "drop trigger refuse on audit_log"),
        *("update outbox set value = ''", "update dead_letters set original = ''"),
    ),
}


def test_each_role_that_writes_has_its_own_and_nothing_else(new_login: NewLogin) -> None:
    for role, statements in BEYOND.items():
        with connect(new_login(role, f"in role {role}"), "test", autocommit=True) as connection:
            for statement in statements:
                with pytest.raises(errors.InsufficientPrivilege):
                    connection.execute(sql.SQL(statement))


def test_the_sinks_need_no_more_than_the_writing_role(
    settings: Settings, connection: Connection, new_login: NewLogin, start: Callable[..., Running]
) -> None:
    assert not apply_topics(settings, connection).findings
    processor = Processor(settings)
    sinks = start("sinks", WEIR_POSTGRES=new_login("writes", "in role weir_writer").postgres)
    sinks.wait_ready()

    processor.work(2)
    until(lambda: processor.is_stored(connection))
    assert sinks.terminate() == 0


def test_commands_need_no_more_than_the_operators_role(
    weir: Command, new_login: NewLogin, monkeypatch: pytest.MonkeyPatch, namespace: Namespace
) -> None:
    monkeypatch.setenv("WEIR_POSTGRES", new_login("operates", "in role weir_operator").postgres)
    for words in (
        *(("topics", "apply"), ("catalog", "apply"), ("tenant", "create", "acme"), ("tenant", "list")),
        *(("tenant", "quota", "acme", "100"), ("customer", "list")),
        *(("usage", "c-1"), ("late-events",), ("catalog", "show"), ("key", "list")),
        *(("skip", f"{namespace.prefix}usage/1/42", "--reason", "no pack"), ("audit", "verify")),
    ):
        weir(*words)
        assert (weir.code, words) == (0, words), weir.err
    key = weir.json("key", "create", "acme", "--scope", "read")
    weir("key", "revoke", key["key_id"])
    assert weir.code == 0
    found = {each["check"]: each["good"] for each in weir.json("doctor")["checks"]}
    assert (found["audit"], found["versions"]) == (True, True)
    assert {entry["login"] for entry in weir.json("audit", "list")} == {f"{namespace.name}_operates"}


def test_migrating_lets_the_reader_in_with_the_password_of_its_dsn(
    weir: Command, namespace: Namespace, superuser: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEIR_POSTGRES", make_conninfo(namespace.postgres, password="hush"))
    weir("db", "migrate")
    assert weir.code == 0
    (verifier,) = superuser.execute(
        "select rolpassword from pg_authid where rolname = 'weir_reader'"
    ).fetchone() or ("",)
    assert verifier.startswith("SCRAM-SHA-256$")
