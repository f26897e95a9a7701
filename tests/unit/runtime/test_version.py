import tomllib
from pathlib import Path

import pytest

from runtime.version import UNKNOWN, VERSION, build, head

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_the_release_is_the_one_of_the_package() -> None:
    package = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    assert package["project"]["version"] == VERSION


def test_a_commit_that_is_given_is_the_one() -> None:
    assert build(COMMIT).commit == COMMIT[:12]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"HEAD": COMMIT}, COMMIT),
        ({"HEAD": "ref: refs/heads/main\n", "refs/heads/main": COMMIT + "\n"}, COMMIT),
        (
            {"HEAD": "ref: refs/heads/main", "packed-refs": f"# pack-refs\n{COMMIT} refs/heads/main\n^abc"},
            COMMIT,
        ),
        ({"HEAD": "ref: refs/heads/none"}, UNKNOWN),
        ({"HEAD": "nonsense"}, UNKNOWN),
        ({}, UNKNOWN),
    ],
)
def test_the_commit_of_a_checkout_is_read_without_git(
    tmp_path: Path, files: dict[str, str], expected: str
) -> None:
    for name, text in files.items():
        path = tmp_path / ".git" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert head(tmp_path) == expected
