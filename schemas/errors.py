"""Four families of errors. Each one means an action, so that no caller has to guess."""
# ruff: noqa: N818 -- each name is the action that it asks for

from typing import Final

import msgspec

#: What msgspec raises on foreign bytes: wrong shape, wrong text, nested beyond the stack.
MALFORMED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class WeirError(Exception):
    """Root of every error that Weir raises on purpose; its text is written for the operator."""


class Reject(WeirError):
    """The input is wrong and stays wrong: record it, never retry it."""


class TryAgain(WeirError):
    """Something we depend on did not answer: the same call may succeed later."""


class AlreadyDone(WeirError):
    """The effect exists already: carry on as if this call had made it."""


class Misconfigured(WeirError):
    """A human has to change something first: refuse to start, in one line."""
