"""After a reboot things start in any order: each waits for what it needs, and none gives up."""

from collections.abc import Callable
from itertools import permutations

import pytest

from console.control.topics import apply_topics
from runtime.postgres import connect
from tests.integration.processors.usage_log import UsageLog
from tests.running import Running
from tests.stack import Namespace

pytestmark = [pytest.mark.integration, pytest.mark.chaos]

OURS = ("ingest", "processors", "sinks", "console")
_READY_SECONDS = 60.0


@pytest.mark.parametrize("order", list(permutations(("ours", "kafka", "postgres"))), ids="-".join)
def test_everything_is_ready_whatever_comes_first(
    namespace: Namespace, start: Callable[..., Running], order: tuple[str, ...]
) -> None:
    run_before(namespace)
    servers = {"kafka": namespace.stack.kafka, "postgres": namespace.stack.postgres}
    for server in servers.values():
        server.stop()
    running: list[Running] = []
    for part in order:
        if part == "ours":
            running = [start(module) for module in OURS]
        else:
            servers[part].start()
    for process in running:
        process.wait_ready(_READY_SECONDS)
        assert process.exit_code is None


def run_before(namespace: Namespace) -> None:
    """Make topics, meters and their records, as an installation has them that ran before."""
    log = UsageLog(namespace)
    with connect(log.settings, "test", autocommit=True) as connection:
        apply_topics(log.settings, connection)
