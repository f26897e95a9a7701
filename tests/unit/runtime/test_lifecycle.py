import json
import signal
import subprocess
import sys

import pytest

ENVIRON = {"WEIR_KAFKA": "a:1", "WEIR_POSTGRES": "postgresql://db/weir"}


def started(life: str, **environ: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.unit.runtime.lives", life],
        env={**ENVIRON, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lived(life: str, **environ: str) -> tuple[int, str, str]:
    process = started(life, **environ)
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err


@pytest.mark.parametrize("life", ["drain", "drain_threaded"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_the_process_to_drain_and_it_ends_clean(life: str, number: signal.Signals) -> None:
    process = started(life)
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"

    process.send_signal(number)
    out, err = process.communicate(timeout=20)

    assert (process.returncode, out) == (0, "drained\n")
    assert json.loads(err.splitlines()[-1])["event"] == "process.stopped"


def test_a_second_interrupt_ends_a_process_that_does_not_drain() -> None:
    process = started("deaf")
    assert process.stdout is not None
    process.stdout.readline()

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_process_that_has_done_its_work_ends_clean_and_ran_on_uvloop() -> None:
    code, out, _ = lived("finish")
    assert (code, out) == (0, "uvloop\n")


def test_a_missing_setting_is_exit_2_and_one_line_before_anything_has_started() -> None:
    code, out, err = lived("finish", WEIR_KAFKA="")
    assert (code, out) == (2, "")
    assert err.startswith("ingest: WEIR_KAFKA is not set and ingest needs it: ")
    assert err.count("\n") == 1


def test_a_misconfiguration_found_on_the_way_is_exit_2_without_traceback_or_secret() -> None:
    code, _, err = lived("misfit")
    assert code == 2
    assert err.splitlines()[-1] == "ingest: postgresql://weir:********@db is not to our liking: name another"
    assert "Traceback" not in err


def test_a_crash_is_exit_1_and_one_event_with_its_traceback() -> None:
    code, _, err = lived("crash")
    line = json.loads(err.splitlines()[-1])
    assert code == 1
    assert (line["event"], line["level"], line["process"]) == ("process.crashed", "critical", "ingest")
    assert "ValueError: a fault of ours" in line["exception"]


def test_the_findings_on_the_settings_are_logged() -> None:
    _, _, err = lived("finish", WEIR_KAFAK="a:1")
    assert "WEIR_KAFAK is no setting of Weir" in err
