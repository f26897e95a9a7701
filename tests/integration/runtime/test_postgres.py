import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

import psycopg
import pytest
from psycopg import errors

from deploy.local.ports import free_port
from runtime.metrics import Metrics
from runtime.postgres import connect, connect_patiently, observe_pool, open_pool, retry_reason
from runtime.version import Build
from schemas.errors import Misconfigured, TryAgain
from tests.stack import LocalStack, Namespace

pytestmark = pytest.mark.integration


def test_a_connection_says_who_it_is_and_thinks_in_utc(namespace: Namespace) -> None:
    settings = namespace.settings(WEIR_INSTANCE="sinks-7")
    with connect(settings, "rollups") as connection:
        row = connection.execute(
            "select current_setting('application_name'), current_setting('TimeZone')"
        ).fetchone()
    assert row == ("sinks-7/rollups", "UTC")


def test_an_absent_server_is_a_reason_to_try_again(namespace: Namespace) -> None:
    absent = namespace.settings(WEIR_POSTGRES=f"postgresql://weir@127.0.0.1:{free_port()}/weir")
    with pytest.raises(TryAgain, match="PostgreSQL is away"):
        connect(absent, "test")


@pytest.mark.parametrize("wrong", ["no DSN", "{server}/nowhere", "{server}/nowhere?user=nobody"])
def test_what_a_person_has_to_mend_is_misconfigured(namespace: Namespace, wrong: str) -> None:
    server, _, _ = namespace.postgres.rpartition("/")
    with pytest.raises(Misconfigured, match="WEIR_POSTGRES") as caught:
        connect(namespace.settings(WEIR_POSTGRES=wrong.format(server=server)), "test")
    assert "\n" not in str(caught.value)


def test_a_patient_connection_comes_when_the_server_does(
    local_stack: LocalStack, namespace: Namespace
) -> None:
    local_stack.postgres.stop(0)
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(connect_patiently, namespace.settings(), "test", threading.Event())
        assert not wait([coming], 0.5).done
        local_stack.heal()
        connection = coming.result(20)

    assert connection is not None
    with connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_patient_connection_gives_up_when_the_process_stops(namespace: Namespace) -> None:
    absent = namespace.settings(WEIR_POSTGRES=f"postgresql://weir@127.0.0.1:{free_port()}/weir")
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    assert connect_patiently(absent, "test", stop) is None
    assert time.monotonic() - began < 3


async def test_a_pool_outlives_a_restart_of_the_server(local_stack: LocalStack, namespace: Namespace) -> None:
    async with open_pool(namespace.settings(), "read", 2, seconds=20) as pool:
        async with pool.connection() as connection:
            await connection.execute("select 1")
        local_stack.postgres.stop(0)
        local_stack.heal()
        async with pool.connection() as connection:
            cursor = await connection.execute("select 2")
            assert await cursor.fetchone() == (2,)


async def test_what_a_pool_does_can_be_seen(namespace: Namespace) -> None:
    metrics = Metrics("console", Build("1", "2", "3"), {"pool": ["read"]})

    def shown(state: str) -> float | None:
        observe_pool(pool, metrics)
        return metrics.registry.get_sample_value("weir_db_pool_connections", {"pool": "read", "state": state})

    async with open_pool(namespace.settings(), "read", 2) as pool:
        await pool.wait()
        async with pool.connection():
            assert shown("used") == 1
        assert (shown("used"), shown("idle"), shown("waiting")) == (0, 1, 0)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.SerializationFailure(), "serialization"),
        (errors.DeadlockDetected(), "deadlock"),
        (errors.QueryCanceled(), "timeout"),
        (errors.AdminShutdown(), "connection"),
        (psycopg.OperationalError("server closed the connection"), "connection"),
        (psycopg.InterfaceError("the connection is closed"), "connection"),
        (errors.ProgramLimitExceeded(), None),
        (errors.UniqueViolation(), None),
        (errors.NumericValueOutOfRange(), None),
        (errors.UndefinedTable(), None),
    ],
)
def test_an_error_says_whether_to_try_again(error: psycopg.Error, reason: str | None) -> None:
    assert retry_reason(error) == reason
