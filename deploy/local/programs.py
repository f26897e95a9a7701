"""Our processes and the steps before them, as the supervisor runs them: commands and their settings."""

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from deploy.local.child import Program
from deploy.local.jars import CACHE_VARIABLE
from deploy.local.ports import LOCALHOST, Ports, worker_names
from deploy.local.probes import http_not_ready
from runtime.settings_sources import FILE_VARIABLE

#: What has to be done before our processes can work; each may be run again at any time.
_STEPS = (("db", "migrate"), ("topics", "apply"), ("catalog", "apply", "--if-empty"))
#: When there is not CPU time enough for all, those go first for whom somebody waits at every moment: the
#: doors, and Kafka and PostgreSQL. Ten steps are a ninth of their share; what looks on from the side recounts
#: the books each hour, for many seconds. A check is a call that waits inside its caller's own, and costs
#: least of all: it goes before the rest, where we may decide that.
_NICENESS = {("ingest", "checks"): -10, ("processors",): 10, ("sinks",): 10, ("console",): 15}


def stack_environment(
    inherited: Mapping[str, str], data: Path, ports: Ports, postgres: str, secret_key: str
) -> dict[str, str]:
    """Return the settings that all processes of a stack share, over what the operator has set."""
    own = {
        "WEIR_DATA": str(data),
        "WEIR_HOST": LOCALHOST,
        "WEIR_KAFKA": f"{LOCALHOST}:{ports.kafka}",
        "WEIR_POSTGRES": postgres,
        "WEIR_SECRET_KEY": secret_key,
        "WEIR_INGEST_PORT": str(ports.ingest),
        "WEIR_CHECKS_PORT": str(ports.checks),
        "WEIR_CONSOLE_PORT": str(ports.console),
        "WEIR_CANARY_INGEST": f"http://{LOCALHOST}:{ports.ingest}",
        "WEIR_CANARY_CHECKS": f"http://{LOCALHOST}:{ports.checks}",
        "WEIR_CANARY_CONSOLE": f"http://{LOCALHOST}:{ports.console}",
        "PYTHONUNBUFFERED": "1",
    }
    kept = {name: value for name, value in inherited.items() if name != CACHE_VARIABLE}
    if file := kept.get(FILE_VARIABLE):
        kept[FILE_VARIABLE] = str(Path(file).absolute())
    return kept | own


def steps(environ: Mapping[str, str], catalog: Path | None = None) -> tuple[Program, ...]:
    """Return the commands to run once, in order, when Kafka and PostgreSQL are ready.

    *catalog*: what a new installation measures, instead of the meters that ship with Weir.
    """
    *before, apply = _STEPS
    named = apply if catalog is None else (*apply, str(catalog.absolute()))
    return tuple(
        Program(name="-".join(words[:2]), argv=(sys.executable, "-m", "console.cli", *words), environ=environ)
        for words in (*before, named)
    )


def processes(environ: Mapping[str, str], ports: Ports, workers: int) -> tuple[Program, ...]:
    """Return our long-running processes; their order of start does not matter."""
    workers_words = dict.fromkeys(worker_names(workers), ("processors",))
    words_of = {"ingest": ("ingest",), "checks": ("ingest", "checks"), **workers_words}
    words_of |= {"sinks": ("sinks",), "console": ("console",)}
    return tuple(_process(name, words, environ, ports.health[name]) for name, words in words_of.items())


def _process(name: str, words: tuple[str, ...], environ: Mapping[str, str], health_port: int) -> Program:
    # The name is the static member id in a consumer group: the same at every start.
    instance = name if name[-1].isdigit() else f"{name}-1"
    own = {"WEIR_INSTANCE": instance, "WEIR_HEALTH_PORT": str(health_port)}
    return Program(
        name=name,
        argv=(sys.executable, "-m", *words),
        environ={**environ, **own},
        not_ready=partial(http_not_ready, health_port),
        niceness=_NICENESS.get(words, 0),
        metrics=f"http://{LOCALHOST}:{health_port}/metrics",
    )
