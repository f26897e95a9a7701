"""The canary on the real stack: it sees what is late, wrong or refused, and nothing where all is well."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import pytest

from console.api.routes import ROUTES
from console.cli.samples import samples
from console.watch.core.canary_law import customers_of
from deploy.local.ports import free_port
from runtime.postgres import Connection
from schemas.canary import CANARY
from tests.integration.console.api import Client, this_hour_ms
from tests.integration.console.command import Command
from tests.running import Running
from tests.stack import PARTITIONS
from tests.waiting import until

pytestmark = pytest.mark.integration

#: So that a test is quick, and a busy machine is not late.
_SETTINGS = {
    "WEIR_CANARY_SECONDS": "1",
    "WEIR_CANARY_LATE_SECONDS": "3",
    "WEIR_QUOTA_STALE_SECONDS": "2",
}


class Flow(NamedTuple):
    """All processes, the canary in the last of them."""

    ingest: Running
    processors: Running
    sinks: Running
    console: Running
    api: str

    def failures(self) -> Counter[str]:
        """Return how often which kind of failure was seen at which stage."""
        found = samples(f"{self.console.health}/metrics")
        return Counter(
            {
                f"{each.labels['kind']} at {each.labels['stage']}": int(each.value)
                for each in found
                if each.name == "weir_canary_failures_total" and each.value
            }
        )

    def rounds(self, stage: str = "stored") -> int:
        """Return how many rounds came through *stage*."""
        found = samples(f"{self.console.health}/metrics")
        name = "weir_canary_stage_seconds_count"
        return sum(int(each.value) for each in found if each.name == name and each.labels["stage"] == stage)

    def await_rounds(self, more: int = 1) -> None:
        """Wait until some more rounds came through to the end."""
        enough = self.rounds() + more
        until(lambda: self.rounds() >= enough)


@pytest.fixture
def flow(start: Callable[..., Running], weir: Command) -> Flow:
    weir("topics", "apply")
    weir("catalog", "apply")
    door, api = str(free_port()), str(free_port())
    addresses = {
        "WEIR_CANARY_INGEST": f"http://127.0.0.1:{door}",
        "WEIR_CANARY_CONSOLE": f"http://127.0.0.1:{api}",
    }
    this_hour_ms()  # an hour's edge is the unit tests'
    others = [start("ingest", WEIR_INGEST_PORT=door, **_SETTINGS), start("processors"), start("sinks")]
    console = start("console", WEIR_CONSOLE_PORT=api, **addresses, **_SETTINGS)
    ingest, processors, sinks = others
    return Flow(ingest, processors, sinks, console, addresses["WEIR_CANARY_CONSOLE"])


def test_known_events_arrive_a_changed_number_is_wrong_and_no_report_speaks_of_it(
    flow: Flow, connection: Connection, weir: Command
) -> None:
    flow.await_rounds()
    # While the others were still starting, some of it was late.
    young = flow.failures()
    flow.await_rounds(PARTITIONS)
    assert flow.failures() == young

    weir("tenant", "create", "acme")
    key = weir.json("key", "create", "acme", "--scope", "read")["key"]
    customer = customers_of(PARTITIONS)[0]
    asked = {"customer": customer, "meter": "api"}
    for route in ROUTES:
        path = route.path.replace("{customer}", customer)
        wanted = {
            name: asked[name]
            for name, *_ in (p for p in route.parameters if p.required and not p.in_path)
            if name in asked
        }
        answer = Client(flow.api, key).get(path, **wanted)
        assert CANARY not in str(answer.body), path
    for words in (
        ("tenant", "list"),
        ("key", "list"),
        ("catalog", "show"),
        ("customer", "list"),
        ("late-events",),
        ("usage", customer),
        ("quota", customer),
        ("reconcile", "usage"),
    ):
        assert CANARY not in weir(*words, "--format", "json"), words
        assert weir.code == 0, weir.err
    sheet = weir.json("reconcile", "usage")
    assert (sheet["rows"], sheet["gap"]) == ([], 0)
    assert sheet["own_events"] > 0
    assert weir.json("reconcile", "usage", "--tenant", CANARY)["rows"][0]["counted"] > 0
    for change in (
        ("tenant", "create", CANARY),
        ("tenant", "create", "weir.other"),
        ("tenant", "quota", CANARY, "1"),
        ("key", "create", CANARY, "--scope", "read"),
        ("customer", "plan", customer, "pro", "--tenant", CANARY),
    ):
        weir(*change)
        assert (weir.code, "Weir's own" in weir.err) == (2, True), weir.err

    connection.execute("update rollups set sum = sum + 1 where tenant = %s", (CANARY,))
    until(lambda: flow.failures()["wrong at stored"])
    assert "expected" in flow.console.log
    assert (flow.failures() - young).keys() == {"wrong at stored"}


def test_what_is_late_or_refused_is_told_and_a_restart_in_mid_round_is_no_alarm(
    flow: Flow, connection: Connection, weir: Command
) -> None:
    flow.await_rounds()
    young = flow.failures()
    flow.processors.freeze()
    until(lambda: (flow.failures() - young).keys() >= {"late at quota", "late at stored"})
    # In mid-round: what the door has taken is on the log, and nobody has counted it.
    flow.console.kill()
    flow.processors.thaw()
    flow.console.restart()
    flow.await_rounds(2)
    assert not flow.failures()

    flow.ingest.kill()
    until(lambda: flow.failures()["refused at accepted"])
    flow.ingest.restart()
    flow.await_rounds(PARTITIONS)
    assert flow.failures().keys() == {"refused at accepted"}

    # Each canary has revoked the key of the one before it.
    keys = "select revoked_at is null from api_keys where tenant = %s order by created_at"
    assert connection.execute(keys, (CANARY,)).fetchall() == [(False,), (True,)]

    for key in weir.json("key", "list", "--tenant", CANARY)[1:]:
        weir("key", "revoke", key["key_id"])
    until(lambda: connection.execute(keys, (CANARY,)).fetchall() == [(False,), (False,), (True,)])
    flow.await_rounds()
    assert flow.console.terminate() == 0
