"""The README's tour, run as it stands: a stranger who pastes it sees what it says."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from deploy.local.ports import free_base

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

CHECKOUT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"<!-- tour -->\n```sh\n(.*?)```", re.DOTALL)
#: Two starts of the stack on a busy machine.
_SECONDS = 240


def tour(port_base: int) -> str:
    """Return the commands of the tour, on ports that are free here."""
    commands = "\n".join(_BLOCK.findall((CHECKOUT / "README.md").read_text()))
    for port, offset in (("8080", 0), ("8081", 1)):
        commands = commands.replace(f"127.0.0.1:{port}", f"127.0.0.1:{port_base + offset}")
    # The tests run in an environment that is set up.
    commands = commands.replace("make setup\n", "")
    return commands.replace("up --detach", f"up --detach --port-base {port_base}")


def test_the_tour_of_the_readme(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")}
    data = str(tmp_path / "weir")
    ran = subprocess.run(
        ["/bin/bash", "-euxo", "pipefail", "-c", tour(free_base())],
        cwd=CHECKOUT,
        env={**environ, "WEIR_DATA": data},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    subprocess.run(
        [CHECKOUT / ".venv/bin/weir", "down", "--data", data],
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for seen in ('"accepted":2', '"duplicate":1', "quantity_negative", "complete_through", "GB-hours"):
        assert seen in ran.stdout
    assert "counted" in ran.stdout
    assert "the books balance" in ran.stdout + ran.stderr
