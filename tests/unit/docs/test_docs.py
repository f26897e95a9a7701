import re
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]


def _pages() -> list[Path]:
    listed = subprocess.run(
        ["/usr/bin/env", "git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=_ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [_ROOT / name for name in listed.stdout.split()]


def test_the_tables_say_what_the_code_says() -> None:
    checked = subprocess.run(
        [sys.executable, str(_ROOT / "docs" / "tables.py"), "--check"],
        capture_output=True, text=True, check=False, cwd=_ROOT,
    )  # fmt: skip
    assert checked.stderr == ""
    assert checked.returncode == 0


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(_ROOT)))
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    dead = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert dead == []


def test_make_alone_prints_every_target() -> None:
    printed = subprocess.run(
        ["/usr/bin/env", "make"], cwd=_ROOT, capture_output=True, text=True, check=True
    ).stdout
    for target in ("setup", "demo", "up", "test", "check", "bench", "chaos", "simulate", "fmt", "docs"):
        assert re.search(rf"^  make {target} ", printed, re.MULTILINE)
