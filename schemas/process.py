"""The kinds of process that Weir consists of; settings and metrics say which of them they concern."""

from typing import Final, Literal

Process = Literal["ingest", "processors", "sinks", "console"]

INGEST: Final[Process] = "ingest"
PROCESSORS: Final[Process] = "processors"
SINKS: Final[Process] = "sinks"
CONSOLE: Final[Process] = "console"

#: All of them, in the order of the flow.
PROCESSES: Final[tuple[Process, ...]] = (INGEST, PROCESSORS, SINKS, CONSOLE)
