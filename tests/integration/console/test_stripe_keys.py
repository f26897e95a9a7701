"""`weir stripe-key`: keys that nobody sees again, and that only the sinks can use."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from console.control.tenants import create_tenant
from runtime.postgres import Connection
from runtime.sealing import Keyring
from schemas.stripe_key import purpose_of
from schemas.webhook import TRIAL
from tests.integration.console.command import Command
from tests.integration.console.webhooks import Recorder, event

pytestmark = pytest.mark.integration

KEY, NEXT_KEY = "k" * 43, "n" * 43
FIRST, SECOND = "rk_live_the0first0of0acme0abcd", "rk_live_the0second0of0acme0wxyz"
Given = Callable[[str], str]


@pytest.fixture(autouse=True)
def tenant(weir: Command, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> str:
    del weir  # before us: it sets the environment of a command
    monkeypatch.setenv("WEIR_SECRET_KEY", KEY)
    return create_tenant(connection, "acme")


@pytest.fixture
def given(tmp_path: Path) -> Given:
    """Write a key to a file, as people paste them, and return its path."""

    def write(text: str) -> str:
        path = tmp_path / "key"
        path.write_text(f" {text}\r\n")
        return str(path)

    return write


def test_a_key_is_named_by_its_last_four_and_never_shown(weir: Command, given: Given) -> None:
    added = weir.json("stripe-key", "add", "acme", "--from-file", given(FIRST))
    assert (added["tenant"], added["last_four"], added["revoked_at"]) == ("acme", "abcd", None)
    assert FIRST not in weir.err
    [listed] = weir.json("stripe-key", "list", "--tenant", "acme")
    assert listed == added
    assert FIRST not in weir("stripe-key", "list") + weir.err


def test_it_may_come_by_standard_input(weir: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FIRST.encode())))
    assert weir.json("stripe-key", "add", "acme", "--from-file", "-")["last_four"] == "abcd"


def test_a_key_that_may_write_is_taken_with_a_warning(weir: Command, given: Given) -> None:
    weir("stripe-key", "add", "acme", "--from-file", given("sk_test_0123456789"))
    assert weir.code == 0
    assert "restricted key" in weir.err


def test_a_key_of_another_mode_than_the_webhooks_is_refused(
    weir: Command, given: Given, connection: Connection
) -> None:
    recorder = Recorder(connection, int(time.time()) * 1_000)
    recorder.put("acme", event("evt_1") | {"livemode": False})
    weir("stripe-key", "add", "acme", "--from-file", given(FIRST))
    assert weir.code == 2
    assert "of the live mode, and the webhooks of tenant acme are of the test mode" in weir.err
    assert FIRST not in weir.err
    assert weir.json("stripe-key", "list") == []
    recorder.put("acme", event("evt_2") | {"livemode": True})
    weir("stripe-key", "add", "acme", "--from-file", given(FIRST))
    assert weir.code == 0


def test_trials_and_connected_accounts_say_nothing_of_the_mode(
    weir: Command, given: Given, connection: Connection
) -> None:
    recorder = Recorder(connection, int(time.time()) * 1_000)
    recorder.put("acme", event(f"{TRIAL}1") | {"livemode": False})
    recorder.put("acme", event("evt_1") | {"livemode": False, "account": "acct_1"})
    weir("stripe-key", "add", "acme", "--from-file", given(FIRST))
    assert weir.code == 0


def test_a_new_key_is_held_against_stripes_list_at_once(
    weir: Command, given: Given, connection: Connection
) -> None:
    for text in (FIRST, SECOND):
        weir("stripe-key", "add", "acme", "--from-file", given(text))
        assert weir.code == 0
    assert "weir webhook gaps --tenant acme" in weir.err
    ordered = connection.execute("select task_name, args from jobs.procrastinate_jobs").fetchall()
    assert ordered == [("stripe.walk", {"tenant": "acme"})]


@pytest.mark.parametrize(
    "text",
    ["", "pk_live_0123456789", "whsec_0123456789", "rk_live_", "rk_live_0123 456789", "rk_live_" + "x" * 300],
)
def test_what_is_no_key_is_refused_without_being_quoted(weir: Command, given: Given, text: str) -> None:
    weir("stripe-key", "add", "acme", "--from-file", given(text))
    assert weir.code == 2
    assert "docs/backfill.md" in weir.err
    assert len(text) < 9 or text not in weir.err


def test_the_next_key_is_used_and_the_same_one_is_not_kept_twice(weir: Command, given: Given) -> None:
    weir("stripe-key", "add", "acme", "--from-file", given(FIRST))
    weir("stripe-key", "add", "acme", "--from-file", given(FIRST))
    assert weir.code == 2
    assert "already" in weir.err
    weir("stripe-key", "add", "acme", "--from-file", given(SECOND))
    assert [each["last_four"] for each in weir.json("stripe-key", "list")] == ["wxyz", "abcd"]


def test_a_revoked_key_is_forgotten(weir: Command, given: Given, connection: Connection) -> None:
    name = weir.json("stripe-key", "add", "acme", "--from-file", given(FIRST))["key_id"]
    for _ in range(2):
        weir("stripe-key", "revoke", name)
        assert weir.code == 0
    assert connection.execute("select sealed, revoked_at_ms > 0 from stripe_keys").fetchone() == (None, True)
    weir("stripe-key", "revoke", "stk_nobodys")
    assert weir.code == 2


def test_the_key_stands_nowhere_but_sealed_and_the_audit_log_tells_of_it(
    weir: Command, given: Given, connection: Connection
) -> None:
    weir("stripe-key", "add", "acme", "--from-file", given(FIRST))
    found = connection.execute("select key_id, sealed from stripe_keys").fetchone()
    assert found is not None
    assert Keyring(KEY).open(found[1], purpose_of("acme", found[0])) == FIRST.encode()
    told = connection.execute(
        "select what, tenant, after::text from audit_log order by id desc limit 1"
    ).fetchone()
    assert told is not None
    assert told[:2] == ("stripe_key.added", "acme")
    everything = connection.execute(
        "select (select json_agg(a) from audit_log a)::text || (select json_agg(k) from stripe_keys k)::text"
        " || coalesce((select json_agg(convert_from(value, 'UTF8')) from outbox)::text, '')"
    ).fetchone()
    assert everything is not None
    assert FIRST not in everything[0]


def test_a_new_sealing_key_takes_over_keys_and_secrets_in_one_step(
    weir: Command, given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    weir("stripe-key", "add", "acme", "--from-file", given(FIRST))
    weir("webhook", "secret", "add", "acme", "--from-file", given("whsec_the_first_of_acme"))
    monkeypatch.setenv("WEIR_SECRET_KEY", NEXT_KEY)
    monkeypatch.setenv("WEIR_SECRET_KEY_PREVIOUS", KEY)
    assert weir.json("webhook", "secret", "reseal") == {"resealed": 2}
    monkeypatch.delenv("WEIR_SECRET_KEY_PREVIOUS")
    weir("stripe-key", "add", "acme", "--from-file", given(FIRST))
    assert "already" in weir.err  # it was opened with the new key alone
