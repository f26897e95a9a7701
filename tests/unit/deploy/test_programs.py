from pathlib import Path

from deploy.local.ports import lay_out
from deploy.local.programs import processes, stack_environment, steps
from runtime.settings import Settings
from schemas.process import INGEST, PROCESSES

_ENVIRON = stack_environment(
    {"PATH": "/bin", "WEIR_LOG_LEVEL": "debug", "WEIR_KAFKA": "elsewhere:9092", "WEIR_JARS": "/jars"},
    Path("/data"),
    lay_out(8080, 2),
    "postgresql://weir@127.0.0.1:8083/weir",
    "key",
)


def test_every_process_is_started_with_settings_that_it_accepts() -> None:
    kinds = {kind: kind for kind in PROCESSES} | {"checks": INGEST}
    for program in processes(_ENVIRON, lay_out(8080, 2), 2):
        assert program.environ is not None
        settings = Settings.load(program.environ, kinds[program.argv[-1]])
        assert settings.findings == ()
        assert program.metrics == f"http://127.0.0.1:{settings.health_port}/metrics"


def test_the_stack_wins_over_the_shell_where_it_decides_and_only_there() -> None:
    assert _ENVIRON["WEIR_KAFKA"] == "127.0.0.1:8082"
    assert _ENVIRON["WEIR_LOG_LEVEL"] == "debug"


def test_instances_are_unique_and_the_same_at_every_start() -> None:
    names = [
        program.environ["WEIR_INSTANCE"]
        for program in processes(_ENVIRON, lay_out(8080, 2), 2)
        if program.environ
    ]
    assert names == ["ingest-1", "checks-1", "processors-1", "processors-2", "sinks-1", "console-1"]


def test_who_is_waited_for_goes_first() -> None:
    niceness = {program.name: program.niceness for program in processes(_ENVIRON, lay_out(8080, 1), 1)}
    assert niceness == {"ingest": 0, "checks": -10, "processors-1": 10, "sinks": 10, "console": 15}


def test_the_steps_come_in_order() -> None:
    assert [" ".join(step.argv[3:]) for step in steps(_ENVIRON)] == [
        "db migrate",
        "topics apply",
        "catalog apply --if-empty",
    ]
