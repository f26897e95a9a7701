"""What people have decided up to now, read from `weir.catalog`."""

from typing import Final

from runtime.catalog import CatalogFollower
from runtime.settings import Settings
from schemas.catalog import Catalog
from schemas.errors import TryAgain

_SECONDS: Final = 20.0


def current_catalog(settings: Settings) -> Catalog:
    """Return the newest snapshot. Raises TryAgain."""
    with CatalogFollower(settings) as follower:
        if not follower.wait_ready(_SECONDS):
            raise TryAgain(follower.missing() or "weir.catalog does not answer")
        return follower.catalog
