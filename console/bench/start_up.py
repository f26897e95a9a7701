"""How long a processor needs to take over a large state, and the memory that it has then.

On a stack of its own, since the state is made up: rows and ids are written to the changelogs directly.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from console.bench.figures import Figures
from console.bench.made_up import MadeUp
from console.bench.scale import Scale
from console.bench.stage import environment, temporary_folder
from console.bench.usage_of import resident_megabytes
from console.catalog.document import shipped
from console.cli.place import find_settings
from deploy.local import stack
from deploy.local.ports import LOCALHOST, free_base, free_port
from deploy.local.probes import http_not_ready
from deploy.local.say import Say
from runtime.settings import Settings
from schemas.errors import TryAgain

_PATIENCE_SECONDS: Final = 240.0
_POLL_SECONDS: Final = 0.02
_STOP_SECONDS: Final = 30.0


class Loaded(msgspec.Struct, frozen=True):
    """The size of a processor's state."""

    rows: int = 0
    ids: int = 0


def measure_start(figures: Figures, scale: Scale, say: Say) -> None:
    """Measure the start with *scale*'s keys, then with its ids besides. Raises TryAgain."""
    with temporary_folder() as folder, _servers(folder, say) as settings:
        state = MadeUp(settings, int(time.time() * 1000))
        state.write_rows(scale.keys)
        say(f"{scale.keys:,} keys are on the changelog")
        for _ in range(scale.repeat):
            seconds, megabytes = _start(folder, settings, Loaded(scale.keys, 0))
            figures.add("start-keys", seconds)
            figures.add("memory-processor-keys", megabytes)
            say(f"start with {scale.keys:,} keys: {seconds:.2f} s, {megabytes:.0f} MB")
        state.write_ids(scale.ids)
        for _ in range(scale.repeat):
            seconds, megabytes = _start(folder, settings, Loaded(scale.keys, scale.ids))
            figures.add("start-ids", seconds)
            figures.note("memory_with_ids_mb", "processor", round(megabytes))
            say(f"start with {scale.ids:,} ids besides: {seconds:.2f} s, {megabytes:.0f} MB")


@contextmanager
def _servers(folder: Path, say: Say) -> Iterator[Settings]:
    """Run a stack once, for its topics and its catalogue, and then Kafka and PostgreSQL alone."""
    base = free_base()
    stack.up(folder, port_base=base, catalog=shipped("demo"), detach=True, say=_quiet, environ=environment())
    stack.down(folder, _quiet)
    stack.up(folder, port_base=base, servers_only=True, detach=True, say=_quiet, environ=environment())
    try:
        yield find_settings(folder)
    finally:
        say("stopping")
        stack.down(folder, _quiet)


def _start(folder: Path, settings: Settings, wanted: Loaded) -> tuple[float, float]:
    """Start a processor and stop it again; return seconds until it was ready, and its megabytes then."""
    port = free_port()
    environ = _environment(settings, port)
    log_path = folder / "logs" / "started.log"
    with log_path.open("wb") as log:
        begun = time.monotonic()
        process = subprocess.Popen([sys.executable, "-m", "processors"], env=environ, stdout=log, stderr=log)
        try:
            _await_ready(process, port)
            taken = time.monotonic() - begun, resident_megabytes(process.pid)
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)
    found = _loaded(log_path)
    if found.rows < wanted.rows or found.ids < wanted.ids:
        raise TryAgain(f"the processor has loaded {found}, not {wanted}: this is no measurement")
    return taken


def _loaded(log_path: Path) -> Loaded:
    """Return what the processor says that it has loaded."""
    for line in log_path.read_bytes().splitlines():
        if b'"usage.loaded"' in line:
            return msgspec.json.decode(line, type=Loaded)
    return Loaded()


def _await_ready(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (reason := http_not_ready(port)) != "":
        if process.poll() is not None or time.monotonic() > deadline:
            raise TryAgain(f"the processor does not get ready: {reason}")
        time.sleep(_POLL_SECONDS)


def _environment(settings: Settings, port: int) -> Mapping[str, str]:
    return {
        **os.environ,
        "WEIR_DATA": str(settings.data),
        "WEIR_KAFKA": settings.kafka,
        "WEIR_INSTANCE": "processors-1",
        "WEIR_HOST": LOCALHOST,
        "WEIR_HEALTH_PORT": str(port),
        "WEIR_LOG_LEVEL": "info",
        "WEIR_LOG_FORMAT": "json",
    }


def _quiet(_line: str) -> None:
    """Say nothing: this stack is scenery."""
