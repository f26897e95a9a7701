"""Logs are events with fields: JSON where machines read them, pretty on a terminal, never a secret.

`get_logger(__name__).info("invoice.issued", invoice_id=…)`. What Faust, aiohttp, librdkafka and the
other libraries write by `logging` goes the same way, in the same shape.
"""

import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from runtime.setting import MASK
from runtime.settings import LogFormat, LogLevel

#: What librdkafka says arrives under this name (see `runtime.kafka`).
KAFKA_LOGGER: Final = "librdkafka"

_SECRET_FIELDS: Final = frozenset({"authorization", "dsn", "key", "password", "secret", "token"})
#: One of our API keys, one of Stripe's, or the password in an address.
_SECRET_TEXT: Final = re.compile(
    r"wk_[A-Za-z0-9_-]{43}|\b[rs]k_(?:live|test)_\w+|(?<=://)([^:/@\s]*):[^@/\s]+(?=@)"
)
#: A library that cannot connect says so dozens of times a second, per client: one of a kind in this time.
_KIND_SECONDS: Final = 10.0
_MOST_KINDS: Final = 1_000
_NUMBERS: Final = re.compile(r"\d+")
#: Chatty at INFO, and our own events say the same better.
_QUIET: Final = (
    *("aiokafka", "aiohttp.access", "asyncio", "faust", "mode", "alembic", "procrastinate", "stripe"),
)


def get_logger(name: str) -> FilteringBoundLogger:
    """Return the logger of the module *name*; nothing happens until its first event."""
    logger: FilteringBoundLogger = structlog.get_logger(name)
    return logger


def configure(log_format: LogFormat, level: LogLevel, stream: TextIO = sys.stderr, **always: str) -> None:
    """Send all logs of this Python process to *stream*, with the fields *always* on every line."""
    pretty = log_format == "pretty" or (log_format == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _Always(always.items()),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
    ]
    handler = logging.StreamHandler(stream)
    handler.addFilter(OncePerKind())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(pretty=pretty),
            ],
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # a second configure (tests, the command) has to count
    )
    _root(handler, level)


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace what must never be written down: fields with a secret's name, keys and passwords in texts."""
    for name, value in event.items():
        if name in _SECRET_FIELDS:
            event[name] = MASK
        elif isinstance(value, str):
            event[name] = masked(value)
    return event


def masked(text: str) -> str:
    """Return *text* without our API keys and without passwords in addresses."""
    return _SECRET_TEXT.sub(lambda found: f"{found[1]}:{MASK}" if found[1] is not None else MASK, text)


class OncePerKind(logging.Filter):
    """Lets through one text of a kind each ten seconds, with how many like it were left out before.

    Of a kind are texts of one library that differ in numbers only. Our own events and all that carry an
    exception pass always.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing seen."""
        super().__init__()
        self._clock = clock
        #: By kind: until when it is left out, and how often it was.
        self._kinds: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether *record* is to be written; its text may be changed."""
        if not isinstance(record.msg, str) or record.exc_info:
            return True
        text = record.getMessage()
        kind = record.name, _NUMBERS.sub("", text)
        now = self._clock()
        until, left_out = self._kinds.get(kind, (now, 0))
        if now < until:
            self._kinds[kind] = until, left_out + 1
            return False
        if len(self._kinds) >= _MOST_KINDS:
            self._kinds.clear()
        self._kinds[kind] = now + _KIND_SECONDS, 0
        if left_out:
            record.msg, record.args = f"{text} ({left_out} more like it before)", ()
        return True


class _Always:
    """Puts the same few fields on every event (process, instance)."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self._fields = tuple(fields)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        for name, value in self._fields:
            event.setdefault(name, value)
        return event


def _rendering(*, pretty: bool) -> tuple[Processor, ...]:
    if pretty:
        return (structlog.dev.ConsoleRenderer(),)
    # After the exception became text: its message may hold an address, too.
    return (structlog.processors.format_exc_info, mask_secrets, structlog.processors.JSONRenderer())


def _root(handler: logging.Handler, level: LogLevel) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_failed


def _thread_failed(how: threading.ExceptHookArgs) -> None:
    """Write what ends a thread as an event; it would go to stderr as bare lines."""
    name = how.thread.name if how.thread else "unknown"
    get_logger(__name__).error("thread.failed", thread=name, exc_info=how.exc_value)
