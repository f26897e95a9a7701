"""Kafka's 46 jars, fetched by exact coordinate and checked against pinned SHA-256.

The resolver of jgo picks other versions than Maven does (an old kafka-clients beside a new kafka), and
the broker then dies on a missing method; so nothing is resolved here, each file is asked for by name.
"""

import contextlib
import hashlib
import io
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from deploy.local.say import Say
from schemas.errors import Misconfigured, TryAgain

#: Names the folder that keeps the jars; it lies outside of every data folder, so that all share it.
CACHE_VARIABLE = "WEIR_JARS"
_THREADS = 8


class Pin(NamedTuple):
    """One artifact and what its file has to hash to."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        """Return the file's name in the cache folder."""
        return f"{self.artifact}-{self.version}.jar"

    def __str__(self) -> str:
        """Return the Maven coordinate."""
        return f"{self.group}:{self.artifact}:{self.version}"


#: Brings the file of a pin into a folder and returns its path.
Fetch = Callable[[Pin, Path], Path]


def parse_pins(text: str) -> tuple[Pin, ...]:
    """Read lines of `group:artifact:version sha256:hex`."""
    pins = []
    for line in text.splitlines():
        coordinate, _, digest = line.partition(" sha256:")
        group, artifact, version = coordinate.split(":")
        pins.append(Pin(group, artifact, version, digest.strip()))
    return tuple(pins)


def pinned() -> tuple[Pin, ...]:
    """Return the class path of the Kafka that we ship, as Maven resolves it."""
    return parse_pins(files("deploy.local").joinpath("kafka-jars.txt").read_text())


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return where jars are kept: WEIR_JARS, else below the user's cache folder."""
    if named := environ.get(CACHE_VARIABLE):
        return Path(named)
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "weir" / "jars"


def ensure_jars(pins: Iterable[Pin], folder: Path, say: Say, fetch: Fetch | None = None) -> tuple[Path, ...]:
    """Return the checked file of every pin, fetching what *folder* does not have yet.

    A file enters the folder only after its hash was right, so an interrupted run goes on where it
    stopped. Raises Misconfigured for a wrong hash, TryAgain when a file cannot be fetched.
    """
    pins = tuple(pins)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        missing = [pin for pin in pins if not _is_right(folder / pin.filename, pin)]
        if missing:
            _fetch_all(missing, folder, say, fetch or from_maven)
    except OSError as error:
        raise Misconfigured(
            f"Kafka's jars cannot be kept in {folder} ({error.strerror or error}): "
            f"name another folder by {CACHE_VARIABLE}"
        ) from error
    return tuple(folder / pin.filename for pin in pins)


def from_maven(pin: Pin, folder: Path) -> Path:
    """Fetch one artifact from Maven Central into *folder*, without resolving what it depends on."""
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 (0.3 s, only needed once a machine)

    context = MavenContext(repo_cache=folder, resolver=PythonResolver())
    path: Path = context.project(pin.group, pin.artifact).at_version(pin.version).artifact().resolve()
    return path


def _is_right(path: Path, pin: Pin) -> bool:
    return path.exists() and _sha256(path) == pin.sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch_all(missing: list[Pin], folder: Path, say: Say, fetch: Fetch) -> None:
    say(f"fetching {len(missing)} jars of Apache Kafka into {folder}")
    # Within the same file system, so that a checked file moves in by one rename.
    with (
        tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder) as scratch,
        ThreadPoolExecutor(_THREADS) as pool,
        contextlib.redirect_stdout(io.StringIO()),  # jgo prints progress of its own
    ):
        waiting = [pool.submit(_fetch_one, pin, folder, Path(scratch), fetch) for pin in missing]
        try:
            for done, future in enumerate(as_completed(waiting), start=1):
                future.result()
                if done % 10 == 0 or done == len(missing):
                    say(f"  {done} of {len(missing)} jars")
        finally:
            pool.shutdown(cancel_futures=True)


def _fetch_one(pin: Pin, folder: Path, scratch: Path, fetch: Fetch) -> None:
    try:
        path = fetch(pin, scratch)
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's word; what the network says comes without a number
        raise TryAgain(f"{pin} could not be fetched ({error}): check the network and start again") from error
    found = _sha256(path)
    if found != pin.sha256:
        raise Misconfigured(
            f"{pin} hashes to {found}, pinned is {pin.sha256}: it is not used; "
            "check what answers in place of Maven Central"
        )
    path.replace(folder / pin.filename)
