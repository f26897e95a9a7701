"""Records that Kafka takes from nobody: no 2xx, no end of the process, and all is well afterwards."""

import pytest

from ingest.core.gate import Gate
from ingest.core.packing import Pack, Ticket
from ingest.core.rounds import Rounds
from ingest.instruments import ProduceInstruments, label_values
from ingest.kafka import Faults, UsageLog, connect
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.version import build
from schemas.event import NOT_GIVEN, Series, UsageEvent
from schemas.process import INGEST
from schemas.quantity import MICRO
from schemas.topics import USAGE
from tests.integration.ingest.door import Door
from tests.integration.ingest.load import Load, assert_all_are_logged
from tests.mock_cluster import MESSAGE_TOO_LARGE, PRODUCE, TOPIC_AUTHORIZATION_FAILED, mock_cluster
from tests.refusing import refused
from tests.waiting import until

pytestmark = pytest.mark.integration

TOPIC = "usage"


def confirmed(log: UsageLog) -> bool:
    """Send a pack, and say what its requests hear."""
    heard: list[bool] = []
    pack, ticket = Pack(0), Ticket(heard.append)
    pack.events = [UsageEvent(Series("acme", "c-1", "api"), NOT_GIVEN, MICRO, "api", "e-1", b"")]
    pack.tickets.append(ticket)
    ticket.expect()
    log.send(pack)

    def has_heard() -> bool:
        log.poll()
        return bool(heard)

    until(has_heard)
    return heard[0]


@pytest.mark.parametrize("error", [TOPIC_AUTHORIZATION_FAILED, MESSAGE_TOO_LARGE])
def test_a_refusal_for_good_is_no_promise_and_not_the_end(error: int) -> None:
    faults, gate = Faults(), Gate(1_000_000)
    instruments = ProduceInstruments(Metrics(INGEST, build(""), label_values([TOPIC])), TOPIC)
    with mock_cluster() as cluster:
        cluster.create_topic(TOPIC)
        producer = connect(Settings.load({"WEIR_KAFKA": cluster.address}), faults)
        log = UsageLog(producer, faults, TOPIC, gate, Rounds(0.005), instruments)
        assert confirmed(log)
        cluster.fail_next(PRODUCE, error)
        assert not confirmed(log)
        until(lambda: confirmed(log), 30)
        assert faults.fatal is None


def test_a_broker_that_refuses_every_record_costs_503s_and_nothing_else(door: Door) -> None:
    with Load(door) as load:
        load.wait(events=300)
        with refused(door.namespace.settings(), USAGE):
            until(lambda: load.statuses[503] >= 20, 30)
            assert door.get("/livez")[0] == 200
        load.wait(events=300)

    assert load.statuses.keys() == {202, 503}
    assert door.process.exit_code is None
    assert "Traceback" not in door.process.log
    assert_all_are_logged(load)
