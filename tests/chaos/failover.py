"""A failover that loses the last commits: PostgreSQL comes back as a copy of itself made some seconds ago."""

import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from deploy.local.postgres import Cluster, binaries
from deploy.local.servers import postgres_folder
from runtime.postgres import connect
from runtime.settings import Settings
from tests.chaos.arena import Arena

_COPY_SECONDS = 120


def copy_postgres(arena: Arena) -> Path:
    """Copy the running cluster as a standby is made of it, and return the copy's folder."""
    port = int(arena.settings.postgres.rpartition(":")[2].partition("/")[0])
    cluster = Cluster(arena.folder / "standby", port)
    cluster.folder.mkdir(mode=0o700)
    if cluster.user:
        shutil.chown(cluster.folder, cluster.user, cluster.user)
    words = (
        "--pgdata",
        str(cluster.folder),
        "--dbname",
        cluster.admin_dsn,
        "--checkpoint",
        "fast",
        "--no-sync",
    )
    subprocess.run(
        [str(binaries() / "pg_basebackup"), *words],
        user=cluster.user or None, cwd="/", check=True, capture_output=True, timeout=_COPY_SECONDS,
    )  # fmt: skip
    return cluster.folder


def fail_over(arena: Arena, copy: Path) -> None:
    """SIGKILL all of PostgreSQL, and have *copy* come back in its place: what was committed since is gone."""
    data = postgres_folder(arena.folder)
    # The server that runs stays in its folder wherever that goes; the supervisor finds the copy.
    data.rename(data.with_name("lost"))
    copy.rename(data)
    arena.kill("postgres", when=lambda: _kill_backends(arena.pid("postgres")))
    shutil.rmtree(data.with_name("lost"))


def _kill_backends(pid: int) -> None:
    # A machine that is lost takes them with it, where a postmaster alone leaves them to end by themselves.
    for backend in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            backend.kill()


def stored_offsets(settings: Settings) -> Mapping[str, int]:
    """Return by sink how many records it has stored."""
    with connect(settings, "chaos", autocommit=True) as connection:
        rows = connection.execute("select sink, sum(next_offset)::bigint from sink_offsets group by sink")
        return dict(rows.fetchall())
