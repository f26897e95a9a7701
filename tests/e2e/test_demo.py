"""`make demo` as a user calls it, only smaller."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def run_demo(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")}
    return subprocess.run(
        [sys.executable, "-m", "console.cli", "demo", *words],
        env={**environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
    )


def tells_a_stripe_story(printed: str) -> None:
    told = re.findall(r"^ (dawn|dusk) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) $", printed, re.MULTILINE)
    assert [one[0] for one in told] == ["dawn", "dusk"]
    for events, late, sent, answered, first, repeat in (map(int, one[1:]) for one in told):
        assert sent >= answered == events + events // 3
        assert first == events
        assert first + repeat >= answered
        assert late > 0
    for status in ("active", "past_due", "canceled"):
        assert re.search(rf"^ \w+ +{status} .* sub_\w+ $", printed, re.MULTILINE)
    for line in ("dispute +(won|lost)", "invoice +paid", "invoice +open", "refund +succeeded"):
        assert re.search(rf"^ {line} +\d+ +\d+\.\d\d USD", printed, re.MULTILINE)
    assert re.search(r"^ \d\S+Z +updated +active +past_due ", printed, re.MULTILINE)
    assert "(not allowed)" not in printed
    [dawn, dusk] = re.findall(r"^ (?:dawn|dusk) +(\d+ +[0-9a-f]{64}) $", printed, re.MULTILINE)
    assert dawn == dusk
    assert "The mirrors are equal and true: 392 webhooks answered, 3 kills, 0 not on record" in printed


def test_the_demonstration_survives_its_kills_and_its_books_balance(tmp_path: Path) -> None:
    result = run_demo(tmp_path, "--events", "20000", "--seed", "11")
    told = result.stdout + result.stderr
    assert result.returncode == 0, told
    assert "The books balance: 20000 events sent" in result.stdout
    assert "lost 0, double 0, wrong sums 0, gap 0" in result.stdout
    killed = re.findall(r"killed (\S+) \(pid \d+\): goes on after", result.stderr)
    assert killed == ["processors-1", "sinks", "ingest", "processors-1", "processors-1", "ingest", "sinks"]
    for fate in ("sent once", "sent again, the same", "sent again with other content"):
        assert fate in result.stdout
    assert " duplicate at weir.usage/" in result.stdout
    assert " conflict at weir.usage/" in result.stdout
    assert "events/s" in result.stdout
    story = re.findall(r"^ \d+ used .*", result.stdout, re.MULTILINE)
    assert [re.split(r" {2,}", line.strip())[5:8] for line in story] == [
        ["ok", "200 allowed", "-"],
        ["warning", "200 allowed", "80"],
        ["critical", "200 allowed", "80, 90"],
        ["exceeded", "429 quota_exceeded", "80, 90, 100"],
    ]
    assert re.search(r"put on starter .* 200 allowed", result.stdout)
    assert "the late-event ledger" in result.stdout
    flood = re.search(r"\((\d+) requests taken, (\d+) refused\)", result.stdout)
    assert flood is not None
    assert int(flood[1]) > 0
    assert int(flood[2]) > 0
    assert re.search(r"^ beside the flood .*", result.stdout, re.MULTILINE)
    tells_a_stripe_story(result.stdout)
    assert not re.search(r"^\d{4}-\d\d-\d\d .*\[info", result.stdout, re.MULTILINE)
    assert list(tmp_path.glob("weir-demo-*")) == []
