"""`python -m sinks [rollups|archive|dead-letters|door|stripe|jobs …]`: the named sinks, or all of them."""

import gc
import sys
import threading

from runtime.lifecycle import run_threaded
from runtime.settings import Settings
from schemas.process import SINKS
from sinks.app import App


def _main(settings: Settings, stop: threading.Event) -> None:
    # Records come and go by the ten thousand and hold no cycles: look for garbage rarely.
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    App(settings, sys.argv[1:], stop).run()


if __name__ == "__main__":
    sys.exit(run_threaded(SINKS, _main))
