"""Keys of Stripe's API as Stripe gives them: read, named, and told from what is none."""

import re
from typing import Final

from schemas.errors import Reject

RANDOM_BYTES: Final = 4
#: Shown of a key, so that it is recognised in Stripe's dashboard, which shows the same.
_SHOWN: Final = 4
_MOST: Final = 255
_KEY: Final = re.compile(r"(rk|sk)_(live|test)_[A-Za-z0-9_]{10,}")
_WHERE: Final = (
    "make a restricted key in Stripe's dashboard, under Developers, API keys; docs/backfill.md lists what it "
    "has to be permitted"
)


def key_of(given: bytes) -> str:
    """Return the key in *given*, a file's content. Raises Reject, which does not quote it."""
    text = given.decode("latin-1").strip()
    if not text:
        raise Reject(f"there is no key in it: {_WHERE}")
    if text.startswith("pk_"):
        raise Reject(f"a publishable key (pk_…) may not read anything: {_WHERE}")
    if len(text) > _MOST or not _KEY.fullmatch(text):
        raise Reject(f"a key of Stripe's API begins with rk_live_, rk_test_, sk_live_ or sk_test_: {_WHERE}")
    return text


def may_write(key: str) -> bool:
    """Say whether *key* may do everything in its account, which Weir has no use for."""
    return key.startswith("sk_")


def last_four(key: str) -> str:
    """Return what is shown of *key*."""
    return key[-_SHOWN:]


def key_id(randomness: bytes) -> str:
    """Return the name of a new key."""
    return f"stk_{randomness.hex()}"
