"""A tenant's id is made from its name once, and is what rows, keys and logs speak of."""

import re
import unicodedata
from typing import Final

from schemas.canary import OWN, is_own
from schemas.errors import Reject

MAX_ID: Final = 64
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_OTHER: Final = re.compile(r"[^a-z0-9]+")


def tenant_id(name: str) -> str:
    """Return the id for a tenant called *name*.

    It is the name itself where it can be one ("acme"), else its letters and digits ("Acme Inc."
    becomes "acme-inc"). Raises Reject.
    """
    refuse_own(name)
    if not (1 <= len(name) <= 2 * MAX_ID and name.isprintable()):
        raise Reject(f"a tenant's name has 1 to {2 * MAX_ID} printable characters")
    if _ID.fullmatch(name) and len(name) <= MAX_ID:
        return name
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = _OTHER.sub("-", plain).strip("-")[:MAX_ID].rstrip("-")
    if not slug:
        raise Reject(f"{name!r} has no letter or digit that an id could be made of: add one")
    return slug


def refuse_own(tenant: str) -> None:
    """Return if *tenant* is somebody's. Raises Reject for one of Weir's own, which people do not change."""
    if is_own(tenant):
        raise Reject(f"{tenant!r} is Weir's own, as is all that begins with {OWN!r}: choose another name")
