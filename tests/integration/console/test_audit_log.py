"""What people change leaves an entry, in a chain that shows what was altered."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console.control.change import change
from console.control.tenants import create_tenant
from runtime.postgres import Connection
from schemas.catalog import TenantNamed
from schemas.topics import USAGE
from tests.integration.console.command import Command
from tests.stack import Namespace

pytestmark = pytest.mark.integration


def entries_of(weir: Command, *words: str) -> list[dict[str, Any]]:
    found = weir.json("audit", "list", *words)
    assert weir.code == 0
    return list(found)


def test_every_command_that_changes_something_leaves_its_entry(
    weir: Command, namespace: Namespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WEIR_OPERATOR", "Ann O'Nym \\ ops")
    plans = tmp_path / "plans.yaml"
    plans.write_text("meters: {api: {unit: requests}}\nplans: {pro: {quotas: {api: {limit: 1000}}}}\n")
    weir("topics", "apply")
    weir("catalog", "apply", str(plans))
    weir("catalog", "apply", "console/catalog/demo.yaml")
    for _ in range(2):
        weir("tenant", "create", "Acme Inc.")
    key = weir.json("key", "create", "acme-inc", "--scope", "read")
    weir("key", "limit", key["key_id"], "--rate", "5", "--burst", "10")
    for _ in range(2):
        weir("key", "revoke", key["key_id"])
        weir("skip", f"{namespace.prefix}usage/1/42", "--reason", "no pack")
    weir("tenant", "quota", "acme-inc", "100")
    weir("tenant", "limit", "acme-inc", "--rate", "7")
    for _ in range(2):
        weir("customer", "plan", "c-1", "pro", "--anchor", "2026-11-01T00:00:00Z")
    namespace.delete_topics(USAGE)
    weir("topics", "adopt")

    entries = entries_of(weir)
    recorded = [entry for entry in entries if entry["what"] == "topic.recorded"]
    others = [entry for entry in entries if entry["what"] != "topic.recorded"]
    assert {entry["after"]["topic"] for entry in recorded} >= {"usage", "rollups", "catalog"}
    assert [(entry["what"], entry["tenant"]) for entry in others] == [
        ("catalog.applied", None),
        ("catalog.applied", None),
        ("tenant.created", "acme-inc"),
        ("key.issued", "acme-inc"),
        ("key.limited", "acme-inc"),
        ("key.revoked", "acme-inc"),
        ("record.skipped", None),
        ("tenant.limited", "acme-inc"),
        ("tenant.limited", "acme-inc"),
        ("customer.placed", "acme-inc"),
        ("topic.adopted", None),
    ]
    assert {entry["who"] for entry in entries} == {"Ann O'Nym \\ ops"}
    assert {(entry["login"], entry["address"]) for entry in entries} == {("weir", "127.0.0.1")}
    assert [entry["id"] for entry in entries] == list(range(1, len(entries) + 1))
    _, second, made, issued, slowed, revoked, skipped, limited, calmed, placed, adopted = others
    assert (second["before"]["version"], second["after"]["version"]) == (1, 2)
    assert (made["before"], made["after"]) == (None, {"name": "Acme Inc."})
    new = {"key_id": key["key_id"], "scopes": ["read"], "revoked": False, "rate": None}
    assert (issued["before"], issued["after"]) == (None, new)
    rate = {"per_second": 5, "burst": 10}
    assert (slowed["before"], slowed["after"]) == (new, new | {"rate": rate})
    assert (revoked["before"]["revoked"], revoked["after"]["revoked"]) == (False, True)
    assert skipped["after"]["reason"] == "no pack"
    free = {"events_per_month": None, "rate": None}
    assert (limited["before"], limited["after"]) == (free, free | {"events_per_month": 100})
    assert (calmed["before"], calmed["after"]["rate"]) == (limited["after"], {"per_second": 7, "burst": 14})
    assert (placed["before"], placed["after"]["plan"]) == (None, "pro")
    assert (adopted["before"]["generation"], adopted["after"]["generation"]) == (1, 2)

    assert entries_of(weir, "--tenant", "Acme Inc.") == [
        made,
        issued,
        slowed,
        revoked,
        limited,
        calmed,
        placed,
    ]
    assert entries_of(weir, "--from", made["at"], "--to", issued["at"]) == [made]
    assert weir("audit", "list", "--format", "csv").startswith("id,at,who,login,address,what,tenant,before,")
    assert weir.json("audit", "verify")["entries"] == len(entries)


def test_no_secret_is_in_it(weir: Command, connection: Connection) -> None:
    weir("tenant", "create", "acme")
    key = weir("key", "create", "acme", "--scope", "read").strip()
    weir("key", "revoke", key)

    (key_hash,) = connection.execute("select encode(key_hash, 'hex') from api_keys").fetchone() or ("",)
    everything = json.dumps(entries_of(weir))
    assert key not in everything
    assert key_hash not in everything


def test_a_change_without_an_entry_is_no_change(connection: Connection) -> None:
    with pytest.raises(RuntimeError, match="audit log"), change(connection) as changed:
        changed.tell(TenantNamed("acme", "acme"))
    assert connection.execute("select count(*) from outbox").fetchone() == (0,)
    with change(connection):
        pass  # nothing was changed, so there is nothing to say


def record_and_fail(connection: Connection) -> None:
    with change(connection) as changed:
        changed.record("tenant.created", tenant="acme")
        connection.execute("insert into tenants values ('acme', 'acme'), ('acme', 'acme')")


def test_an_entry_and_its_change_stay_or_go_together(connection: Connection) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        record_and_fail(connection)
    create_tenant(connection, "globex")
    assert connection.execute("select id, tenant from audit_log").fetchall() == [(1, "globex")]


def test_it_is_append_only(namespace: Namespace, connection: Connection) -> None:
    create_tenant(connection, "acme")
    admin = make_conninfo(namespace.postgres, user="postgres")
    with psycopg.connect(admin, autocommit=True) as superuser:
        for opened in (connection, superuser):
            for attack in ("update audit_log set who = 'eve'", "delete from audit_log", "truncate audit_log"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    opened.execute(attack)
        forged = superuser.execute(
            "insert into audit_log (id, at, who, login, what, hash)"
            " values (7, 'epoch', 'eve', 'eve', 'tenant.created', sha256('')) returning id, login, at > now()"
        )
        assert forged.fetchone() == (2, "postgres", True)


ALTERED = (
    ("update audit_log set who = 'eve' where id = 2", "entry 2, or the one before it, was altered"),
    ("update audit_log set after = '{}' where id = 1", "entry 1, or the one before it, was altered"),
    ("delete from audit_log where id = 2", "entry 2 is missing"),
    ("delete from audit_log where id = 3", ""),
)


def test_what_was_altered_shows(weir: Command, namespace: Namespace) -> None:
    for name in ("acme", "globex", "initech"):
        weir("tenant", "create", name)
    admin = make_conninfo(namespace.postgres, user="postgres")
    head = weir.json("audit", "verify")["head"]
    assert (weir.code, len(head)) == (0, 64)

    for attack, fault in ALTERED:
        with psycopg.connect(admin, autocommit=True) as superuser:
            superuser.execute("set session_replication_role = replica")  # no trigger fires
            superuser.execute("create temp table kept as select * from audit_log")
            superuser.execute(attack)
            assert weir.json("audit", "verify")["fault"] == fault
            assert weir.code == (1 if fault else 0)
            assert weir.json("audit", "verify", "--head", head)["fault"]
            assert weir.code == 1
            wrong = [each["check"] for each in weir.json("doctor")["checks"] if not each["good"]]
            assert ("audit" in wrong) is bool(fault)
            superuser.execute("truncate audit_log")
            superuser.execute("insert into audit_log select * from kept")
