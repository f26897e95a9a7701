"""The tours of README and docs, run as they stand: a stranger who pastes one sees what it says."""

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


def tour(page: str, port_base: int) -> str:
    """Return the commands of a page's tour, on ports that are free here."""
    commands = "\n".join(_BLOCK.findall((CHECKOUT / page).read_text()))
    for port, offset in (("8080", 0), ("8081", 1), ("8085", 5)):
        commands = commands.replace(f"127.0.0.1:{port}", f"127.0.0.1:{port_base + offset}")
    # The tests run in an environment that is set up.
    commands = commands.replace("make setup\n", "")
    return commands.replace("up --detach", f"up --detach --port-base {port_base}")


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        (
            "README.md",
            (
                *(
                    '"accepted":2',
                    '"duplicate":1',
                    "quantity_negative",
                    "complete_through",
                    "GB-hours",
                    "counted",
                ),
                # All that is stored, once more.
                "sketches",
                "/webhooks/stripe/acme",
                "acknowledged",
                "invoice.paid",
            ),
        ),
        (
            "docs/meters.md",
            (
                "no_meter",
                '"delta":"0.25"',
                '"group":"large","groups":{"model":"large"}',
                '"quantity":"750"',
                # All of a customer's tokens, cached calls, egress and response time.
                " 780 ",
                " calls",
                " 0.5 ",
                " 44 ",
                # Two users, and the slowest response: few values are exact.
                '"quantity":"2","error":"exact"',
                " 90 ",
                # Half a day of twelve seats and half a day of twenty; hours without events among them.
                '"quantity":"16"',
                " 0.833333333 ",
                # Today against yesterday and the week before, when there was nothing.
                ",780,,,3,",
                '"week_change_percent":null',
            ),
        ),
        (
            "docs/fairness.md",
            (
                '{"accepted":40,',
                "HTTP/1.1 429 Too Many Requests",
                "Retry-After: ",
                '"code":"rate_limited"',
                "may send 2 events a second, 10 at once",
                "hot       customers: 0",
            ),
        ),
        (
            "docs/quotas.md",
            (
                '"used":"90"',
                '"error":"quota_exceeded"',
                # Limits of use: taken, refused, and a lease that another one waits for.
                '"quantity":"20"',
                '"window":"minute","limit":"30","used":"20","remaining":"10"',
                '"window":"concurrent","limit":"1","used":"1","remaining":"0"',
                "HTTP/1.1 204 No Content",
                '"id":"job-2","ttl_seconds":120',
                '"upgrade_url":"https://example.com/plans"',
                "counter ",
                '"quantity":"90"',
                " team ",
                " 1000 ",
                "may send 9 events a month",
            ),
        ),
        (
            "docs/webhooks.md",
            (
                "/webhooks/stripe/acme",
                '200 {"received": true}',
                " invoice.paid ",
                " first ",
                '"payload_encoding":"utf-8"',
                '"next":null',
                # The trial is the one event; nobody was charged.
                '"events":1,"events_by_type":[{"type":"invoice.paid","events":1,"repeats":0,"conflicts":0}]',
                '"failure_rate":null',
                " previous ",
                " current ",
                '"code":"webhook_refused"',
                '"code":"not_found"',
            ),
        ),
        (
            "docs/replay.md",
            (
                '"accepted":2,"duplicate":1',
                " rollups ",
                " fate_counts ",
                " sketches ",
                " verdicts ",
                " stripe_subscription_items ",
            ),
        ),
        (
            "docs/mirror.md",
            (
                "1 of price_pro",
                " past_due ",
                " incomplete ",
                "c-1 (linked by metadata)",
                "stripe_subscription_items",
            ),
        ),
    ],
)
def test_the_tour_of_a_page(tmp_path: Path, page: str, seen: tuple[str, ...]) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")}
    data = str(tmp_path / "weir")
    ran = subprocess.run(
        ["/bin/bash", "-euxo", "pipefail", "-c", tour(page, free_base())],
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
    for words in seen:
        assert words in ran.stdout
    assert "the books balance" in ran.stdout + ran.stderr
