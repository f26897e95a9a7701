"""What became of each event: in lists and by itself, by the command and by the API; and once more, please."""

import pytest

from runtime.postgres import Connection
from tests.integration.console.api import Client
from tests.integration.console.command import Command
from tests.integration.console.webhooks import Recorder, event

pytestmark = pytest.mark.integration

START_MS = 1_793_318_400_000


@pytest.fixture
def recorded(acme: Client, connection: Connection) -> Client:
    """Return a client of acme: the mirror has read four of five events, and two of those failed."""
    recorder = Recorder(connection, START_MS)
    recorder.put(
        "acme",
        event("evt_handled"),
        event("evt_unhandled", "account.updated"),
        event("evt_failed"),
        event("evt_dead"),
        event("evt_pending"),
    )
    connection.execute(
        "insert into mirror_progress values (0, 1, 3, %(at)s);"
        "insert into webhook_failures values"
        " ('acme', 'evt_failed', 'invoice.paid', 2, 'no', %(at)s, 'waiting', %(at)s, 1),"
        " ('acme', 'evt_dead', 'invoice.paid', 4, 'never', %(at)s, 'permanent', null, 2)".replace(
            "%(at)s", str(START_MS + 4_000)
        )
    )
    return acme


def test_each_delivery_says_what_became_of_its_event(recorded: Client, weir: Command) -> None:
    found = recorded.get("/v1/webhooks").body["data"]
    assert {each["event_id"]: (each["status"], each["attempts"], each["error"]) for each in found} == {
        "evt_pending": ("pending", 0, None),
        "evt_dead": ("failed_permanent", 4, "never"),
        "evt_failed": ("failed", 2, "no"),
        "evt_unhandled": ("unhandled", 0, None),
        "evt_handled": ("handled", 0, None),
    }
    [shown] = weir.json("webhook", "show", "evt_failed", "--tenant", "acme")
    assert (shown["status"], shown["attempts"], shown["error"]) == ("failed", 2, "no")


@pytest.mark.parametrize(
    ("status", "event_id"),
    [
        ("pending", "evt_pending"),
        ("failed", "evt_failed"),
        ("failed_permanent", "evt_dead"),
        ("unhandled", "evt_unhandled"),
    ],
)
def test_lists_are_narrowed_down_by_it(recorded: Client, weir: Command, status: str, event_id: str) -> None:
    for more, expected in (({}, [event_id]), ({"object": "nobody"}, []), ({"text": event_id}, [event_id])):
        words = [word for name, value in more.items() for word in (f"--{name}", value)]
        by_api = recorded.get("/v1/webhooks", status=status, **more).body["data"]
        by_command = weir.json("webhook", "list", "--tenant", "acme", "--status", status, *words)
        assert [each["event_id"] for each in by_api] == expected
        assert by_command == by_api


def test_dead_letters_say_why(recorded: Client, weir: Command) -> None:
    del recorded
    assert "never" in weir("webhook", "dead-letters", "--tenant", "acme")
    [dead] = weir.json("webhook", "dead-letters", "--tenant", "acme")
    assert dead["event_id"] == "evt_dead"


def ordered(connection: Connection) -> list[list[str]]:
    found = connection.execute(
        "select args -> 'event_ids' from jobs.procrastinate_jobs where task_name = 'stripe.again' order by id"
    )
    return [row[0] for row in found]


def test_events_are_published_again_by_name_or_by_what_they_have_in_common(
    recorded: Client, weir: Command, connection: Connection
) -> None:
    del recorded
    weir("webhook", "retry", "evt_dead", "evt_failed", "--tenant", "acme")
    assert weir.code == 0, weir.err
    weir("webhook", "replay", "--type", "invoice.paid", "--tenant", "acme")
    assert weir.code == 0, weir.err
    assert ordered(connection) == [
        ["evt_dead", "evt_failed"],
        ["evt_pending", "evt_dead", "evt_failed", "evt_handled"],
    ]
    weir("webhook", "retry", "evt_dead", "evt_nobody", "--tenant", "acme")
    assert weir.code == 2
    assert "evt_nobody" in weir.err
    assert len(ordered(connection)) == 2
