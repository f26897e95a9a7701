"""`weir demo` from the first to the last step."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from console.books.core.entries import Span
from console.books.reconcile import reconcile_usage
from console.catalog.document import shipped
from console.cli.place import find_settings
from console.demo.act import Played, Script, play_day
from console.demo.report import Proof, print_report
from console.generator.keys import open_accounts
from console.generator.truth import check_truth
from deploy.local import stack
from deploy.local.ports import free_base
from deploy.local.say import Say
from runtime.settings import Settings

_TENANTS: Final = ("north", "south", "west")
_CUSTOMERS: Final = 60
#: Small enough that a demonstration of a minute shows an archive.
_ARCHIVE_INTERVAL_MS: Final = "3000"


class Wish(NamedTuple):
    """What the user asked for."""

    events: int
    seed: int
    keep: bool


def run_demo(wish: Wish, say: Say) -> bool:
    """Play the demonstration and print its report; say whether the proof holds.

    Raises TryAgain when something did not start or recover, Misconfigured.
    """
    with _folder(wish, say) as folder, _stack(folder, say) as settings:
        truth = folder / "truth.ndjson"
        played = _play(wish, folder, settings, truth, say)
        say("recounting the log, and holding the truth file against PostgreSQL")
        proof = Proof(reconcile_usage(settings, Span()), check_truth(settings, truth))
        print_report(settings, played, proof, truth)
    return proof.holds and played.stripe.holds


def _play(wish: Wish, folder: Path, settings: Settings, truth: Path, say: Say) -> Played:
    accounts = open_accounts(settings, _TENANTS)
    url = f"http://{settings.host}:{settings.ingest_port}"
    script = Script(wish.events, wish.seed, _CUSTOMERS, accounts, url, truth)
    say(f"playing a day of {len(_TENANTS)} tenants and {_CUSTOMERS} customers, seed {wish.seed}")
    return play_day(script, folder, settings, say)


@contextmanager
def _folder(wish: Wish, say: Say) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="weir-demo-"))
    try:
        yield folder
    finally:
        if wish.keep:
            say(f"kept: {folder} (`weir up --data {folder}` goes on with it)")
        else:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _stack(folder: Path, say: Say) -> Iterator[Settings]:
    # Every event that is counted in its report comes from its own generator.
    environ = {**os.environ, "WEIR_ARCHIVE_INTERVAL_MS": _ARCHIVE_INTERVAL_MS, "WEIR_CANARY_SECONDS": "0"}
    stack.up(folder, port_base=free_base(), catalog=shipped("demo"), detach=True, say=say, environ=environ)
    try:
        yield find_settings(folder)
    finally:
        say("stopping")
        stack.down(folder, say)
