"""The command's manners: exit codes, one line for every mistake, never a traceback, help everywhere."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from console.cli import main
from console.cli.registry import COMMANDS
from console.cli.root import root
from console.cli.show import show

IMPLEMENTED = [entry.name for entry in COMMANDS if Path(*entry.module.split(".")).with_suffix(".py").exists()]


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run with no stack and no settings in sight."""
    for name in ("WEIR_KAFKA", "WEIR_POSTGRES", "WEIR_SETTINGS", "WEIR_LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WEIR_DATA", str(tmp_path / "nothing"))
    return tmp_path


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield every command that does something."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if path or name in IMPLEMENTED:
                child = command.get_command(context, name)
                assert child is not None
                yield from leaves(child, (*path, name))
    else:
        yield path


@pytest.mark.parametrize("words", list(leaves(root())), ids=" ".join)
def test_every_command_has_help_with_an_example(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: weir {' '.join(words)}")
    assert "Example:" in text
    assert f"weir {words[0]}" in text.split("Example:")[1]


def test_weir_alone_is_its_help_with_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    text = capsys.readouterr().out
    assert all(f"  {entry.name} " in text for entry in COMMANDS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["tenant", "nonsense"], "weir tenant: No such command"),
        (["tenant", "create"], "Missing argument 'NAME'"),
        (["key", "create", "acme"], "Missing option '--scope'"),
        (["key", "create", "acme", "--scope", "write"], "write is no scope: choose from ingest, read, admin"),
        (["skip", "weir.usage", "--reason", "r"], "is no position"),
        (["usage", "c-1", "--window", "week"], "is not one of"),
        (["usage", "c-1"], "no stack runs in"),
        (["tenant", "list", "--data", "/nowhere/at/all"], "no stack runs in /nowhere/at/all"),
        (["catalog", "check", "/no/such.yaml"], "cannot be read"),
        (["tenant", "list", "--format", "xml"], "is not one of 'table', 'json', 'csv'"),
    ],
)
def test_a_wrong_call_is_exit_2_and_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
    assert err.startswith("weir")


def test_what_does_not_answer_is_exit_2_and_one_line_without_the_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    # A socket's folder that is not there: PostgreSQL is away, and no network is needed to find out.
    monkeypatch.setenv("WEIR_POSTGRES", f"postgresql://weir:pa55word@/weir?host={tmp_path}")
    assert main(["tenant", "list"]) == 2
    err = capsys.readouterr().err
    assert "PostgreSQL is away" in err
    assert "pa55word" not in err
    assert err.count("\n") == 1


def test_a_key_in_the_wrong_place_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    key = "wk_" + "A" * 43
    assert main(["skip", key, "--reason", "r"]) == 2
    err = capsys.readouterr().err
    assert "is no position" in err
    assert key not in err


def test_a_setting_that_is_wrong_is_exit_2_and_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WEIR_KAFKA", "localhost:1")
    monkeypatch.setenv("WEIR_PARTITIONS", "many")
    assert main(["topics", "apply"]) == 2
    err = capsys.readouterr().err
    assert "WEIR_PARTITIONS" in err
    assert err.count("\n") == 1


def test_a_setting_that_a_command_needs_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WEIR_KAFKA", "localhost:1")
    assert main(["db", "migrate"]) == 2
    assert "WEIR_POSTGRES is not set" in capsys.readouterr().err


def test_a_bug_of_ours_is_one_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(_path: Path) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("console.catalog.document.read", broken)
    assert main(["catalog", "check", str(tmp_path / "x.yaml")]) == 2
    err = capsys.readouterr().err
    assert "unexpected builtins.ZeroDivisionError: oops" in err
    assert "Traceback" not in err


def test_a_bad_catalogue_is_exit_1_with_its_findings_as_the_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "meters.yaml"
    file.write_text("grace: 9d\nmeters:\n  a:\n    per_unit: x\n")
    assert main(["catalog", "check", str(file), "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out) == [
        {"line": 1, "path": "grace", "message": "must be less than 7 days"},
        {"line": 4, "path": "meters.a.per_unit", "message": "must be a whole number above 0"},
    ]


def test_a_good_catalogue_is_exit_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog", "check", "console/catalog/shipped.yaml", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_settings_are_printed_with_their_origin_and_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WEIR_SECRET_KEY", "hush")
    monkeypatch.setenv("WEIR_PARTITIONS", "7")
    assert main(["settings", "--format", "json"]) == 0
    out = capsys.readouterr().out
    lines = {line["variable"]: line for line in json.loads(out)}
    assert (lines["WEIR_PARTITIONS"]["value"], lines["WEIR_PARTITIONS"]["origin"]) == ("7", "env")
    assert lines["WEIR_REPLICATION"]["origin"] == "default"
    assert "hush" not in out


def test_status_of_nothing_is_exit_1(capsys: pytest.CaptureFixture[str], nowhere: Path) -> None:
    assert main(["status", "--format", "json"]) == 1
    value = json.loads(capsys.readouterr().out)
    assert value["data"] == str(nowhere / "nothing")
    assert (value["processes"], value["addresses"]) == ([], {})


def test_down_where_nothing_runs_is_no_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down"]) == 0
    assert "nothing runs" in capsys.readouterr().err


def test_a_table_is_not_cut_when_it_is_piped_and_takes_text_as_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wide = "[red]" + "x" * 300
    show("table", ("name", "count"), [(wide, 3)], None)
    assert f" {wide} " in capsys.readouterr().out


def test_csv_can_be_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    show("csv", ("name", "scopes"), [('a "b", c', ("x", "y")), (None, ())], None)
    assert list(csv.reader(io.StringIO(capsys.readouterr().out))) == [
        ["name", "scopes"],
        ['a "b", c', "x,y"],
        ["", ""],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0"])
def test_csv_holds_no_formula(capsys: pytest.CaptureFixture[str], text: str) -> None:
    show("csv", ("name", "difference", "end"), [(text, "-0.5", -3)], None)
    [_, row] = csv.reader(io.StringIO(capsys.readouterr().out, newline=""))
    assert row == [f"'{text}", "-0.5", "-3"]
