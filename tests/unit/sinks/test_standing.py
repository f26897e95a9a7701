"""Alive or not: what waits is known even if the member that should read it hears nothing."""

from collections.abc import Mapping

import pytest

from runtime.health import STUCK_SECONDS, Health
from sinks.core.log import Log
from sinks.standing import Standing

LOG = Log("usage", 0)


class Member:
    """What a standing looks at of a member."""

    kafka_is_there = True
    joined = True

    def __init__(self, ends: Mapping[Log, int]) -> None:
        self.ends = ends


@pytest.mark.parametrize(
    ("heard", "asked", "alive"),
    [
        pytest.param({}, {LOG: 7}, True, id="all read"),
        pytest.param({LOG: 8}, {}, False, id="the member hears of a record and does not read it"),
        pytest.param({}, {LOG: 8}, False, id="the member does not even hear of it"),
    ],
)
def test_a_sink_that_reads_nothing_of_what_is_there_is_stuck(
    heard: Mapping[Log, int], asked: Mapping[Log, int], *, alive: bool
) -> None:
    now = 0.0
    health = Health(lambda: now)
    standing = Standing("rollups", health)
    standing.missing = None
    standing.began({LOG: 7})
    standing.ends = asked
    standing.look(Member(heard))  # type: ignore[arg-type]

    health.liveness()
    health.liveness()
    now = STUCK_SECONDS

    assert health.liveness().good is alive
