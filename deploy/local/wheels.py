"""Programs that come inside Python wheels: found on the disk, never imported.

The import of some wheels makes folders or warns; and a container, which has no need of them, must be
able to import this package without them.
"""

import importlib.util
from pathlib import Path

from schemas.errors import Misconfigured


def folder_of(module: str) -> Path:
    """Return where the wheel of *module* was installed. Raises Misconfigured if it was not."""
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise Misconfigured(f"the package {module.replace('_', '-')} is not installed: run `make setup`")
    return Path(found.origin).parent
