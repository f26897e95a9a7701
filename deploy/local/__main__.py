"""`python -m deploy.local up|down|status`: the local stack without the rest of the `weir` command."""

import argparse
import sys
from pathlib import Path

import msgspec

from deploy.local import stack
from deploy.local.say import to_stderr
from deploy.local.state import StackStatus
from schemas.errors import AlreadyDone, Misconfigured, WeirError


def main(words: list[str]) -> int:
    """Run one command and return its exit code: 0 good, 1 not ready, 2 misconfigured in one line."""
    options = _parser().parse_args(words)
    try:
        return _run(options)
    except AlreadyDone as error:
        to_stderr(str(error))
        return 0
    except WeirError as error:
        to_stderr(str(error))
        return 2 if isinstance(error, Misconfigured) else 1


def _run(options: argparse.Namespace) -> int:
    if options.command == "up":
        stack.up(
            options.data,
            port_base=options.port_base,
            workers=options.workers,
            servers_only=options.servers_only,
            catalog=options.catalog,
            detach=options.detach,
            on_ready=_print_ready,
        )
        return 0
    if options.command == "down":
        stack.down(options.data)
        return 0
    found = stack.status(options.data)
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(found)).decode() + "\n")
    return 0 if found.ready else 1


def _print_ready(found: StackStatus) -> None:
    for name, address in found.addresses.items():
        sys.stdout.write(f"{name:<9} {address}\n")
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status"])
    parser.add_argument("--data", type=Path, default=Path(".weir"))
    parser.add_argument("--port-base", type=int, default=stack.DEFAULT_PORT_BASE)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--servers-only", action="store_true", help="Kafka and PostgreSQL alone")
    parser.add_argument("--catalog", type=Path, help="meters of a new folder")
    parser.add_argument("--detach", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
