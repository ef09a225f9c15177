"""Who runs an embedded server, and where its rows and programs lie so that this user can reach them.

`postgres` refuses to run as root, so root runs it as an unprivileged user; where that user cannot reach the
home or the programs, they move below `/var/lib`. No permission of a folder that we did not make is changed.
"""

import hashlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.core.errors import PortalError

# Root keeps what an unprivileged user must reach here: never swept as /tmp and /var/tmp are.
REACHABLE_FOLDER = Path("/var/lib/leb-portal")


class EmbeddedServerFailed(PortalError):
    """An embedded server cannot run here, or did not start. Part: `reason`, a sentence for the operator."""

    code = "embedded_server_failed"
    status = 500

    def __str__(self) -> str:
        """Say the reason as it stands; an operator reads it in a terminal."""
        return str(self.parts["reason"])


@dataclass(frozen=True)
class SystemUser:
    """The user of this machine who runs a server and owns what it stores."""

    uid: int
    gid: int

    @property
    def is_somebody_else(self) -> bool:
        """Whether a program must change user to run as this one; only root can."""
        return self.uid != os.geteuid()

    def popen(self, command: list[str | Path], *, log: int) -> subprocess.Popen[bytes]:
        """Start a program as this user, out of reach of the terminal's Ctrl-C."""
        return subprocess.Popen(  # noqa: S603 our own programs and arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,
            user=self.uid if self.is_somebody_else else None,
            group=self.gid if self.is_somebody_else else None,
            extra_groups=[] if self.is_somebody_else else None,
        )

    def run(self, *command: str | Path) -> tuple[int, str]:
        """Run a program as this user to its end; return its exit code and what it printed."""
        with tempfile.TemporaryFile() as printed:
            code = self.popen(list(command), log=printed.fileno()).wait()
            printed.seek(0)
            return code, printed.read().decode(errors="replace").strip()

    def can_reach(self, path: Path) -> bool:
        """Ask the system as this user: folders above may be closed in ways that modes do not show."""
        return self.run("/bin/sh", "-c", 'test -x "$1"', "sh", path)[0] == 0

    def make_folder(self, folder: Path, *, mode: int = 0o700) -> None:
        """Make a folder that belongs to this user; one that exists is left as it is."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.mkdir()
        except FileExistsError:
            return
        folder.chmod(mode)
        if self.is_somebody_else:
            os.chown(folder, self.uid, self.gid)

    @contextmanager
    def appending(self, path: Path) -> Iterator[int]:
        """Open a log of this user's for the lines of a server."""
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            if self.is_somebody_else:
                os.fchown(opened, self.uid, self.gid)
            yield opened
        finally:
            os.close(opened)


def user_for(folder: Path) -> SystemUser:
    """Return who runs a server on a folder: ourselves, or for root its owner, `postgres` or `nobody`.

    Raises:
        EmbeddedServerFailed: The folder belongs to somebody else, or root finds no user to run it as.
    """
    ours = SystemUser(os.geteuid(), os.getegid())
    owner = _owner(folder)
    if ours.uid != 0:
        if owner and owner.is_somebody_else:
            name = pwd.getpwuid(owner.uid).pw_name
            raise EmbeddedServerFailed(
                reason=f"{folder} belongs to {name}: run as that user, or choose another PORTAL_HOME"
            )
        return ours
    owner = owner or _owner(moved(folder))
    if owner and owner.uid != 0:
        return owner
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    account = accounts.get("postgres") or accounts.get("nobody")
    if account:
        return SystemUser(account.pw_uid, account.pw_gid)
    raise EmbeddedServerFailed(reason="root may not run PostgreSQL, and there is no user postgres or nobody")


def reachable(wanted: Path, user: SystemUser) -> Path:
    """Return the wanted folder, or the one below `/var/lib` when the user cannot get to it."""
    if not user.is_somebody_else:
        return wanted
    wanted.parent.mkdir(parents=True, exist_ok=True)
    return wanted if user.can_reach(wanted.parent) else moved(wanted)


def moved(wanted: Path) -> Path:
    """Return the folder below `/var/lib` that stands in for a folder which cannot be reached."""
    return REACHABLE_FOLDER / f"{wanted.name}-{hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]}"


def copied(site_packages: Path, folders: tuple[str, ...], *, name: str) -> Path:
    """Copy an installed wheel's folders below `/var/lib` once, and return the folder that holds the copies."""
    copy = REACHABLE_FOLDER / name
    if copy.exists():
        return copy
    SystemUser(os.geteuid(), os.getegid()).make_folder(REACHABLE_FOLDER, mode=0o755)
    unfinished = Path(tempfile.mkdtemp(dir=REACHABLE_FOLDER))
    for folder in folders:
        if (site_packages / folder).exists():
            shutil.copytree(site_packages / folder, unfinished / folder, symlinks=True)
    unfinished.chmod(0o755)
    try:
        unfinished.rename(copy)
    except OSError:  # Another start has just made the same copy.
        shutil.rmtree(unfinished)
    return copy


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder that root's unprivileged user may pass through; it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="leb-portal-", dir="/tmp"))
    try:
        folder.chmod(0o711)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def last_lines(log: Path) -> str:
    """Return the end of a server's log, to say why it did not start."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-8:]) if log.exists() else "it left no log"


def _owner(folder: Path) -> SystemUser | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return SystemUser(found.st_uid, found.st_gid)
