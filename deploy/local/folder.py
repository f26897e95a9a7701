"""The data folder of a stack: its lock, its secret key, its state, and room to write."""

import errno
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from deploy.local.state import StackState
from schemas.errors import AlreadyDone, Misconfigured

#: A new Kafka and a new PostgreSQL take 120 MB; below this the first minutes would end on a full disk.
LEAST_FREE_BYTES = 256 * 2**20
_MIB = 2**20
_SECRET_BYTES = 32
_LOCK_TRIES = 5
_LOCK_PAUSE_SECONDS = 0.05
#: What a disk says that only the operator can change.
_DISK_ERRORS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EEXIST,
}


class StackRuns(AlreadyDone):
    """Somebody holds the folder: a stack runs there already."""


class DataFolder(NamedTuple):
    """Where one stack keeps everything."""

    path: Path

    @property
    def logs(self) -> Path:
        """Return the folder with a log for each process."""
        return self.path / "logs"

    @property
    def state(self) -> Path:
        """Return the file that says what runs."""
        return self.path / "stack.json"

    @property
    def lock(self) -> Path:
        """Return the file whose lock the supervisor holds for as long as it lives."""
        return self.path / "stack.lock"


def open_folder(path: Path, least_free_bytes: int = LEAST_FREE_BYTES) -> DataFolder:
    """Make the folder if need be. Raises Misconfigured if it cannot be written, or has no room."""
    folder = DataFolder(path.absolute())
    try:
        folder.logs.mkdir(parents=True, exist_ok=True)
        probe = folder.path / ".probe"
        probe.write_bytes(b"room")
        probe.unlink()
        free = shutil.disk_usage(folder.path).free
    except OSError as error:
        raise unwritable(folder, error) from error
    if free < least_free_bytes:
        raise Misconfigured(
            f"{folder.path} has {free // _MIB} MiB left and a stack needs {least_free_bytes // _MIB}: "
            "make room, or choose another folder with --data"
        )
    return folder


def unwritable(folder: DataFolder, error: OSError) -> Exception:
    """Return what to tell the operator when the disk said no; *error* itself if it was not the disk."""
    if error.errno not in _DISK_ERRORS:
        return error
    return Misconfigured(
        f"{folder.path} cannot be written ({error.strerror or error}): "
        "mend that, or choose another folder with --data"
    )


@contextmanager
def held(folder: DataFolder) -> Iterator[None]:
    """Hold the folder. Raises StackRuns if another supervisor does; the kernel frees it when we die."""
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _locked(descriptor):
            raise StackRuns(what_runs(folder))
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    # More than once: `weir status` holds the lock for a moment when it looks.
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE_SECONDS)
        else:
            return True
    return False


def what_runs(folder: DataFolder) -> str:
    """Return one line on the stack that runs in the folder, for whoever wanted to start another."""
    state = read_state(folder)
    listed = ", ".join(f"{name} {address}" for name, address in state.addresses.items()) if state else ""
    return f"a stack runs already in {folder.path}: {listed}; `weir status` shows it, `weir down` stops it"


def is_held(folder: DataFolder) -> bool:
    """Return whether a supervisor lives in the folder."""
    try:
        with held(folder):
            return False
    except StackRuns:
        return True
    except FileNotFoundError:
        return False


def secret_key(folder: DataFolder) -> str:
    """Return the stack's secret key; made once, readable by its owner alone."""
    path = folder.path / "secret.key"
    if not path.exists():
        write_atomically(path, secrets.token_urlsafe(_SECRET_BYTES).encode())
    return path.read_text().strip()


def read_state(folder: DataFolder) -> StackState | None:
    """Return what the last supervisor wrote; None if there is nothing that can be read."""
    try:
        return msgspec.json.decode(folder.state.read_bytes(), type=StackState)
    except (OSError, msgspec.DecodeError):
        return None


def write_state(folder: DataFolder, state: StackState) -> None:
    """Replace the state file as a whole, so that no reader ever sees half of it."""
    write_atomically(folder.state, msgspec.json.format(msgspec.json.encode(state), indent=2))


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is there with all of *content* or not at all; readable by its owner alone."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        scratch.replace(path)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise
