import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from runtime import logs
from runtime.settings import LogFormat

KEY = "wk_" + "a" * 43
STRIPE_KEY = "rk_live_" + "b" * 24


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, threading.excepthook
    yield
    threading.excepthook = hook
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    logs.configure("json", "info", stream, process="ingest", instance="ingest-1")
    return stream


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_with_its_fields(stream: io.StringIO) -> None:
    logs.get_logger("sinks.rollups").info("rows.stored", rows=3)

    (line,) = written(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "rows.stored",
        "rows": 3,
        "level": "info",
        "logger": "sinks.rollups",
        "process": "ingest",
        "instance": "ingest-1",
    }


def test_libraries_speak_in_the_same_shape(stream: io.StringIO) -> None:
    logging.getLogger("some.library").warning("lost %s", "a connection")

    (line,) = written(stream)
    assert line["event"] == "lost a connection"
    assert (line["logger"], line["level"], line["process"]) == ("some.library", "warning", "ingest")


def test_nothing_below_the_level_is_written(stream: io.StringIO) -> None:
    logs.get_logger("x").debug("quiet")
    logging.getLogger("library").debug("quiet")
    logging.getLogger("faust").info("faust says at info what we say better")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("name", ["key", "password", "secret", "token", "authorization", "dsn"])
def test_a_field_with_a_secrets_name_is_masked(stream: io.StringIO, name: str) -> None:
    logs.get_logger("x").info("event", **{name: "hush"})
    assert written(stream)[0][name] == "********"


def test_keys_and_passwords_in_texts_are_masked(stream: io.StringIO) -> None:
    log = logs.get_logger("x")
    log.info("event", header=f"Bearer {KEY}", address="postgresql://weir:hush@db:5432/weir")
    log.info("stripe", reason=f"no such key {STRIPE_KEY}")
    log.info("in the event itself: " + KEY)  # noqa: G003 - the slip that has to do no harm
    logging.getLogger("library").warning("postgresql://weir:hush@db/weir")

    assert KEY not in stream.getvalue()
    assert STRIPE_KEY not in stream.getvalue()
    assert "hush" not in stream.getvalue()
    assert written(stream)[0]["address"] == "postgresql://weir:********@db:5432/weir"


def test_a_secret_in_a_traceback_is_masked(stream: io.StringIO) -> None:
    logs.get_logger("x").error("failed", exc_info=ValueError(f"cannot use {KEY}"))

    (line,) = written(stream)
    assert "ValueError: cannot use ********" in line["exception"]
    assert KEY not in stream.getvalue()


@pytest.mark.parametrize("text", ["http://127.0.0.1:8080/v1", "a@b", "weir.usage/3/1042", "key_id=wk"])
def test_what_is_no_secret_stays_as_it_is(text: str) -> None:
    assert logs.masked(text) == text


@pytest.mark.parametrize(("log_format", "pretty"), [("json", False), ("pretty", True), ("auto", False)])
def test_auto_is_json_where_there_is_no_terminal(log_format: LogFormat, pretty: bool) -> None:  # noqa: FBT001
    stream = io.StringIO()
    logs.configure(log_format, "info", stream)
    logs.get_logger("x").info("event", rows=3)
    assert stream.getvalue().startswith("{") is not pretty


def test_of_texts_that_differ_in_numbers_one_is_written_each_ten_seconds() -> None:
    now = 0.0
    once = logs.OncePerKind(lambda: now)

    def passed(text: str, *, name: str = "librdkafka", error: BaseException | None = None) -> str | None:
        exc_info = (type(error), error, None) if error else None
        record = logging.LogRecord(name, logging.ERROR, "", 0, text, (), exc_info)
        return record.getMessage() if once.filter(record) else None

    assert passed("port 9092: refused after 0 ms") == "port 9092: refused after 0 ms"
    assert passed("port 9092: refused after 1 ms") is None
    assert passed("port 9093: refused after 2 ms") is None
    assert passed("port 9092: no route") == "port 9092: no route"
    assert passed("port 9092: refused after 0 ms", name="aiokafka") == "port 9092: refused after 0 ms"
    assert passed("port 9092: refused after 0 ms", error=OSError()) == "port 9092: refused after 0 ms"
    now = 10.0
    assert passed("port 9092: refused after 3 ms") == "port 9092: refused after 3 ms (2 more like it before)"
    now = 20.0
    assert passed("port 9092: refused after 0 ms") == "port 9092: refused after 0 ms"


def test_our_own_events_are_all_written(stream: io.StringIO) -> None:
    for number in range(3):
        logs.get_logger("ingest").warning("pack.not_confirmed", partition=number)

    assert [line["partition"] for line in written(stream)] == [0, 1, 2]


def test_what_ends_a_thread_is_an_event(stream: io.StringIO) -> None:
    thread = threading.Thread(target=lambda: 1 // 0, name="fetcher")
    thread.start()
    thread.join()

    (line,) = written(stream)
    assert (line["event"], line["thread"], line["level"]) == ("thread.failed", "fetcher", "error")
    assert "ZeroDivisionError" in line["exception"]
