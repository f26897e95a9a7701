"""Records that Kafka takes from nobody: no 2xx, no end of the process, and all is well afterwards."""

from functools import partial

import pytest

from ingest.core.gate import Gate
from ingest.core.packing import Pack, Ticket
from ingest.core.rounds import Rounds
from ingest.instruments import ProduceInstruments, label_values
from ingest.kafka import Faults, UsageLog, connect
from runtime.broker import Broker
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.version import build
from schemas.event import NOT_GIVEN, Series, UsageEvent
from schemas.process import INGEST
from schemas.quantity import MICRO
from schemas.topics import USAGE
from tests.integration.ingest.door import Door
from tests.integration.ingest.load import Load, assert_all_are_logged
from tests.mock_cluster import (
    MESSAGE_TOO_LARGE,
    NOT_LEADER,
    PRODUCE,
    TOPIC_AUTHORIZATION_FAILED,
    MockCluster,
    mock_cluster,
)
from tests.refusing import refused
from tests.waiting import until

pytestmark = pytest.mark.integration

TOPIC = "usage"
#: So large that librdkafka puts no second one into a batch.
A_BATCH = 600_000


def log_on(cluster: MockCluster) -> tuple[UsageLog, Settings, Faults]:
    """Make the topic; return the log to it, the settings, and what is wrong with the producer."""
    cluster.create_topic(TOPIC)
    settings, faults = Settings.load({"WEIR_KAFKA": cluster.address}), Faults()
    instruments = ProduceInstruments(Metrics(INGEST, build(""), label_values([TOPIC])), TOPIC)
    gate, rounds = Gate(10_000_000), Rounds(0.005)
    return UsageLog(connect(settings, faults), faults, TOPIC, gate, rounds, instruments), settings, faults


def heard(log: UsageLog, *sizes: int) -> list[bool]:
    """Send packs of *sizes* bytes one behind the other, and say what the requests of each hear."""
    answers: dict[int, bool] = {}
    for number, size in enumerate(sizes):
        pack, ticket = Pack(0), Ticket(partial(answers.__setitem__, number))
        series = Series("acme", "c-1", "api")
        pack.events = [UsageEvent(series, NOT_GIVEN, MICRO, "api", f"e-{number}", b"x" * size)]
        pack.tickets.append(ticket)
        ticket.expect()
        log.send(pack)

    def all_have_heard() -> bool:
        log.poll()
        return len(answers) == len(sizes)

    until(all_have_heard)
    return [answers[number] for number in range(len(sizes))]


@pytest.mark.parametrize("error", [TOPIC_AUTHORIZATION_FAILED, MESSAGE_TOO_LARGE])
def test_a_refusal_for_good_is_no_promise_and_not_the_end(error: int) -> None:
    with mock_cluster() as cluster:
        log, _settings, faults = log_on(cluster)
        assert heard(log, 0) == [True]
        cluster.fail_next(PRODUCE, error)
        assert heard(log, 0) == [False]
        until(lambda: heard(log, 0) == [True], 30)
        assert faults.fatal is None


def test_a_record_that_is_refused_is_no_promise_because_the_one_behind_it_is_taken() -> None:
    with mock_cluster() as cluster:
        log, settings, _faults = log_on(cluster)
        # Both are on their way before the first is answered.
        cluster.answer_after(500)
        cluster.fail_next(PRODUCE, NOT_LEADER)
        assert heard(log, A_BATCH, A_BATCH) == [False, True]
        assert Broker.of(settings).ends(TOPIC, 1) == {0: 1}


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
