"""Runs localstripe: `python -m tests.stripe.run_localstripe PORT`.

By itself it listens on every address of the machine, and writes all that it holds to one file in /tmp
that every instance of every user shares. Here it listens on 127.0.0.1, and keeps it in memory. Where it
departs from Stripe, `stripes_ways.py` leads it back.
"""

import sys

from aiohttp import web
from localstripe.resources import Store
from localstripe.server import app

from tests.stripe.stripes_ways import take_stripes_ways


def run(port: int) -> None:
    """Serve until SIGTERM."""
    Store.dump_to_disk = lambda _store: None
    take_stripes_ways(app)
    web.run_app(app, host="127.0.0.1", port=port, print=None, shutdown_timeout=1)


if __name__ == "__main__":
    run(int(sys.argv[1]))
