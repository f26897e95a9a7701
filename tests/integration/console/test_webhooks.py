"""`weir webhook`: secrets that nobody sees again, and the record of what Stripe sent."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.control.tenants import create_tenant
from deploy.local.ports import free_port
from runtime.postgres import Connection
from runtime.sealing import Keyring
from tests.integration.console.command import Command
from tests.integration.console.shipped import apply_shipped
from tests.running import Running
from tests.stack import Namespace

pytestmark = pytest.mark.integration

KEY, NEXT_KEY = "k" * 43, "n" * 43
FIRST, SECOND = "whsec_the_first_of_acme", "whsec_the_second_of_acme"


@pytest.fixture(autouse=True)
def tenant(weir: Command, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> str:
    del weir  # before us: it sets the environment of a command
    monkeypatch.setenv("WEIR_SECRET_KEY", KEY)
    return create_tenant(connection, "acme")


@pytest.fixture
def given(tmp_path: Path) -> Callable[[str], str]:
    """Write a secret to a file, as people paste them, and return its path."""

    def write(text: str) -> str:
        path = tmp_path / "secret"
        path.write_text(f"{text}\r\n")
        return str(path)

    return write


def test_a_secret_is_added_once_and_the_url_printed(
    weir: Command, given: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEIR_PUBLIC_URL", "https://weir.example.com/")
    out = weir("webhook", "secret", "add", "acme", "--from-file", given(FIRST))
    assert (weir.code, out) == (0, "https://weir.example.com/webhooks/stripe/acme\n")
    assert FIRST not in out + weir.err

    weir("webhook", "secret", "add", "acme", "--from-file", given(SECOND))
    assert weir.code == 2
    assert "weir webhook secret rotate acme" in weir.err


def test_it_may_come_by_standard_input(weir: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FIRST.encode())))
    found = weir.json("webhook", "secret", "add", "acme", "--from-file", "-")
    assert found["url"].endswith("/webhooks/stripe/acme")


def test_after_a_rotation_both_hold_for_a_while_and_one_can_be_ended_at_once(
    weir: Command, given: Callable[[str], str]
) -> None:
    weir("webhook", "secret", "add", "acme", "--from-file", given(FIRST))
    weir("webhook", "secret", "rotate", "acme", "--from-file", given(FIRST))
    assert "holds now" in weir.err
    weir("webhook", "secret", "rotate", "acme", "--from-file", given(SECOND), "--overlap", "8d")
    assert weir.code == 2
    weir("webhook", "secret", "rotate", "acme", "--from-file", given(SECOND), "--overlap", "1h")
    assert weir.code == 0

    second, first = weir.json("webhook", "secret", "list")
    assert [second["state"], first["state"]] == ["current", "previous"]
    for _ in range(2):
        weir("webhook", "secret", "revoke", first["secret_id"])
        assert weir.code == 0
    assert [each["state"] for each in weir.json("webhook", "secret", "list", "--tenant", "acme")] == [
        "current",
        "ended",
    ]
    weir("webhook", "secret", "revoke", "ws_nobodys")
    assert weir.code == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sk_live_0123456789abcdef",
        "whsec_short",
        "whsec_with a blank in it",
        "whsec_" + "x" * 300,
        "whsec_\0" * 5,
    ],
)
def test_what_is_no_signing_secret_is_refused_without_being_quoted(
    weir: Command, given: Callable[[str], str], text: str
) -> None:
    weir("webhook", "secret", "add", "acme", "--from-file", given(text))
    assert weir.code == 2
    assert "signing secret" in weir.err
    assert not text or text not in weir.err


def test_without_a_key_to_seal_with_nothing_is_kept(
    weir: Command, given: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("", "short"):
        monkeypatch.setenv("WEIR_SECRET_KEY", key)
        weir("webhook", "secret", "add", "acme", "--from-file", given(FIRST))
        assert weir.code == 2
        assert "WEIR_SECRET_KEY" in weir.err
    assert weir.json("webhook", "secret", "list") == []


def test_the_secret_stands_nowhere_but_sealed(
    weir: Command, given: Callable[[str], str], connection: Connection
) -> None:
    weir("webhook", "secret", "add", "acme", "--from-file", given(FIRST))
    found = connection.execute("select secret_id, sealed from webhook_secrets").fetchone()
    assert found is not None
    secret_id, sealed = found
    assert Keyring(KEY).open(sealed, f"webhook/acme/{secret_id}") == FIRST.encode()
    everything = connection.execute(
        "select (select json_agg(a) from audit_log a)::text || (select json_agg(convert_from(value, 'UTF8')) "
        "from outbox)::text || (select json_agg(w) from webhook_secrets w)::text"
    ).fetchone()
    assert everything is not None
    assert FIRST not in everything[0]
    assert "webhook_secret.added" in everything[0]


def test_a_new_key_takes_over_what_the_one_before_had_sealed(
    weir: Command, given: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    weir("webhook", "secret", "add", "acme", "--from-file", given(FIRST))
    monkeypatch.setenv("WEIR_SECRET_KEY", NEXT_KEY)
    weir("webhook", "secret", "reseal")
    assert weir.code == 2
    assert "WEIR_SECRET_KEY_PREVIOUS" in weir.err
    monkeypatch.setenv("WEIR_SECRET_KEY_PREVIOUS", KEY)
    assert weir.json("webhook", "secret", "reseal") == {"resealed": 1}
    assert weir.json("webhook", "secret", "reseal") == {"resealed": 0}
    monkeypatch.delenv("WEIR_SECRET_KEY_PREVIOUS")
    weir("webhook", "secret", "rotate", "acme", "--from-file", given(FIRST))
    assert "holds now" in weir.err  # it was opened with the new key alone


@pytest.fixture
def shown(
    weir: Command,
    given: Callable[[str], str],
    namespace: Namespace,
    connection: Connection,
    start: Callable[..., Running],
    monkeypatch: pytest.MonkeyPatch,
) -> list[dict[str, Any]]:
    """Return the way of a trial through an ingress and a sink, both real."""
    weir("topics", "apply")
    apply_shipped(connection)
    start("console", "watch")
    port = str(free_port())
    monkeypatch.setenv("WEIR_INGEST_PORT", port)
    weir("webhook", "secret", "add", "acme", "--from-file", given(FIRST))
    start("ingest", WEIR_INGEST_PORT=port, WEIR_SECRET_KEY=KEY).wait_ready()
    start("sinks", "stripe")
    steps = list(weir.json("webhook", "test", "acme", "invoice.paid"))
    assert weir.code == 0, weir.err
    assert namespace.prefix in steps[-1]["said"]
    return steps


def test_a_trial_shows_its_way_and_is_found_in_the_record(
    weir: Command, shown: list[dict[str, Any]], connection: Connection
) -> None:
    assert [step["step"] for step in shown] == ["sent", "acknowledged", "recorded"]
    assert shown[1]["said"] == '200 {"received": true}'
    [delivery] = weir.json("webhook", "list")
    assert (delivery["type"], delivery["object_type"], delivery["sighting"], delivery["origin"]) == (
        "invoice.paid",
        "invoice",
        "first",
        "test",
    )
    assert delivery["position"] == shown[2]["said"]
    event_id, object_id = delivery["event_id"], delivery["object_id"]

    [found] = weir.json("webhook", "show", event_id)
    assert json.loads(found["payload"])["id"] == event_id
    assert event_id in weir("webhook", "show", event_id)

    def listed(*words: str) -> int:
        return len(weir.json("webhook", "list", *words))

    assert listed("--type", "invoice.paid", "--object", object_id, "--sighting", "first") == 1
    assert (
        listed("--type", "invoice.voided")
        == listed("--object", "in_1")
        == listed("--sighting", "repeat")
        == 0
    )
    assert listed("--from", "2099-01-01T00:00:00Z") == listed("--to", "2020-01-01T00:00:00Z") == 0

    create_tenant(connection, "bolt")
    assert listed("--tenant", "bolt") == 0
    weir("webhook", "show", event_id, "--tenant", "bolt")
    assert weir.code == 2


@pytest.mark.parametrize("event_type", ["invoice", "Invoice.Paid", "a b.c", "", "../x.y", "x" * 300 + ".y"])
def test_a_trial_of_no_type_is_refused(weir: Command, given: Callable[[str], str], event_type: str) -> None:
    weir("webhook", "secret", "add", "acme", "--from-file", given(FIRST))
    weir("webhook", "test", "acme", event_type)
    assert weir.code == 2
    assert "is no type of event" in weir.err


def test_a_trial_without_a_secret_or_a_door_says_what_to_do(
    weir: Command, given: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    weir("webhook", "test", "acme", "invoice.paid")
    assert "weir webhook secret add acme" in weir.err
    weir("webhook", "secret", "add", "acme", "--from-file", given(FIRST))
    monkeypatch.setenv("WEIR_INGEST_PORT", str(free_port()))
    weir("webhook", "test", "acme", "invoice.paid")
    assert weir.code != 0
    assert "does not answer" in weir.err
