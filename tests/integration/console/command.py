"""`weir`, as a script calls it."""

import json
from typing import Any

import pytest

from console.cli import main


class Command:
    """`weir`, as a script calls it."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.code = 0
        self.err = ""

    def __call__(self, *words: str) -> str:
        """Run it and return its stdout."""
        self.code = main(list(words))
        out, self.err = self._capsys.readouterr()
        return out

    def json(self, *words: str) -> Any:  # noqa: ANN401
        """Run it for JSON."""
        return json.loads(self(*words, "--format", "json"))
