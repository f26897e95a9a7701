"""Runs one command and turns whatever happens into an exit code and at most one line."""

import os
import sys
import traceback
from typing import Final

import click

from console.cli.root import root
from schemas.errors import WeirError

GOOD: Final = 0
BAD_ANSWER: Final = 1
CALLED_WRONGLY: Final = 2
INTERRUPTED: Final = 130
#: What a shell reports for a program that SIGPIPE ended.
NOBODY_READS: Final = 141


def run(words: list[str]) -> int:
    """Run `weir` with *words*; `weir` alone is `weir --help`."""
    try:
        result = root().main(words or ["--help"], prog_name="weir", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # `weir … | head`: Python must not complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOBODY_READS
    except click.ClickException as error:
        return _called_wrongly(error)
    except Exception as error:  # noqa: BLE001 - a traceback helps no operator
        return _refused(str(error) if isinstance(error, WeirError) else _unexpected(error))
    return result if isinstance(result, int) else GOOD


def _called_wrongly(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        sys.stderr.write(f"{error.format_message()}\n")
        return CALLED_WRONGLY
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else "weir"
    return _refused(f"{error.format_message()} See `{command} --help`.", context)


def _refused(message: str, context: click.Context | None = None) -> int:
    # The DSN's password, or a key that was typed into the wrong place, is in nobody's scrollback.
    from runtime.logs import masked  # noqa: PLC0415 - structlog costs 50 ms, and only errors need it

    command = context.command_path if context else "weir"
    sys.stderr.write(f"{command}: {masked(' '.join(message.split()))}\n")
    return CALLED_WRONGLY


def _unexpected(error: Exception) -> str:
    if os.environ.get("WEIR_LOG_LEVEL") == "debug":
        traceback.print_exception(error)
    name = f"{type(error).__module__}.{type(error).__name__}"
    if name.startswith("psycopg"):
        return f"PostgreSQL did not do it ({error}): see `weir status`, `weir db migrate`"
    return f"unexpected {name}: {error} (WEIR_LOG_LEVEL=debug shows where)"
