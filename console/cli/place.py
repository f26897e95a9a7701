"""Which stack a command speaks to: the one in the data folder if it runs, else the one of the settings."""

import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click

from deploy.local.folder import DataFolder, is_held, read_state, secret_key
from runtime.settings import Settings
from schemas.errors import Misconfigured

#: `.weir` in the checkout, from wherever the command is called.
DEFAULT_FOLDER: Final = Path(__file__).resolve().parents[2] / ".weir"
_DATA: Final = "WEIR_DATA"
_ADDRESSES: Final = ("WEIR_KAFKA", "WEIR_POSTGRES", "WEIR_SETTINGS")


def data_folder(data: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the data folder that was asked for: by option, by environment, or the default."""
    return data or Path(environ.get(_DATA) or DEFAULT_FOLDER)


def find_settings(data: Path | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of the running stack, or those of the environment.

    A folder that was named on the command line has to have a running stack. Raises Misconfigured.
    """
    folder = DataFolder(data_folder(data, environ).absolute())
    named = data is not None or _DATA in environ
    explicit = any(name in environ for name in _ADDRESSES)
    state = read_state(folder) if named or not explicit else None
    if state is not None and is_held(folder):
        return Settings.load({**environ, **_addresses(folder, state.addresses), **_secret(folder)})
    if data is not None:
        raise Misconfigured(f"no stack runs in {folder.path}: start one with `weir up --data {data}`")
    if not explicit:
        raise Misconfigured(
            f"no stack runs in {folder.path}: start one with `weir up`, "
            "name its folder with --data, or set WEIR_KAFKA and WEIR_POSTGRES"
        )
    return Settings.load(environ)


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give *command* an option --data, and the settings it leads to as its first argument."""

    @click.option(
        "--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder of the stack."
    )
    @functools.wraps(command)
    def placed(data: Path | None, **options: object) -> object:
        return command(find_settings(data), **options)

    return placed


def _addresses(folder: DataFolder, addresses: Mapping[str, str]) -> dict[str, str]:
    ports = {
        f"WEIR_{name.upper()}_PORT": addresses[name].rpartition(":")[2]
        for name in ("ingest", "checks", "console")
        if name in addresses  # not in what a release before this one has started
    }
    return {
        _DATA: str(folder.path),
        "WEIR_KAFKA": addresses["kafka"],
        "WEIR_POSTGRES": addresses["postgres"],
        **ports,
    }


def _secret(folder: DataFolder) -> dict[str, str]:
    """Return the running stack's secret key; its owner alone may read it."""
    try:
        return {"WEIR_SECRET_KEY": secret_key(folder)}
    except OSError:
        return {}
