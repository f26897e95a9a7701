"""Records that Kafka takes from nobody: no 2xx, no end of the process, and all is well afterwards."""

import pytest

from ingest.core.gate import Gate
from ingest.core.packing import Pack, Ticket
from ingest.core.rounds import Rounds
from ingest.instruments import Instruments, label_values
from ingest.kafka import Faults, UsageLog, connect
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.version import build
from schemas.event import NOT_GIVEN, Series, UsageEvent
from schemas.process import INGEST
from schemas.quantity import MICRO
from schemas.topics import USAGE
from tests.integration.ingest.door import Door
from tests.mock_cluster import MESSAGE_TOO_LARGE, PRODUCE, TOPIC_AUTHORIZATION_FAILED, mock_cluster
from tests.refusing import refused
from tests.waiting import until

pytestmark = pytest.mark.integration

TOPIC = "usage"
EVENT = {"id": "e-1", "customer": "c-1", "meter": "api"}


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
    instruments = Instruments(Metrics(INGEST, build(""), label_values([TOPIC])), TOPIC)
    with mock_cluster() as cluster:
        cluster.create_topic(TOPIC)
        producer = connect(Settings.load({"WEIR_KAFKA": cluster.address}), faults)
        log = UsageLog(producer, faults, TOPIC, gate, Rounds(0.005), instruments)
        assert confirmed(log)
        cluster.fail_next(PRODUCE, error)
        assert not confirmed(log)
        until(lambda: confirmed(log), 30)
        assert faults.fatal is None


def test_while_a_broker_refuses_every_record_there_are_503s_and_then_2xx_again(door: Door) -> None:
    assert door.post(EVENT).status == 202
    with refused(door.namespace.settings(), USAGE):
        until(lambda: door.post(EVENT).status == 503, 30)
        replies = [door.post(EVENT) for _ in range(5)]
    assert {reply.status for reply in replies} == {503}
    assert {reply.code for reply in replies} <= {"not_confirmed", "overloaded"}
    assert all("retry-after" in reply.headers for reply in replies)
    until(lambda: door.post(EVENT).status == 202, 30)
    assert door.process.exit_code is None
    assert "Traceback" not in door.process.log
