"""Who changes things, as the audit log names them."""

import getpass
import os
import socket

from runtime.settings import Settings


def operator_of(settings: Settings) -> str:
    """Return the setting, else the system's user and host. It is our word for it, not PostgreSQL's."""
    if settings.operator:
        return settings.operator
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
