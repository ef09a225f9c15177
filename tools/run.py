"""Start the whole portal on this machine, and stop it again with Ctrl-C: what `make run` does.

PostgreSQL and Valkey are ours unless DATABASE_URL and REDIS_URL name others; they start first and stop last.
Web, worker, clock and sandbox carrier are the lines of the Procfile; honcho starts them and stops them together.
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from honcho.environ import parse_procfile
from honcho.manager import Manager
from pydantic import ValidationError

from portal.core.embedded import EmbeddedServerFailed, PostgresServer, ValkeyServer, free_port
from portal.core.settings import RUNNING, Settings

ROOT = Path(__file__).resolve().parents[1]
READY_TIMEOUT_SECONDS = 120


def main() -> int:
    """Run the portal until Ctrl-C or until one of its parts ends; return the exit code for the shell."""
    # A closed terminal and `kill` must stop the servers as Ctrl-C does; honcho takes SIGTERM over later.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    try:
        settings = read_settings()
        home = settings.portal_home.absolute()
        with only_one(home):
            refuse_taken_port(settings.port)
            with servers(settings, home) as addresses:
                chosen = {**addresses, **parts(settings, home)}
                environment = {**os.environ, **chosen}
                with noted(home / RUNNING, chosen):
                    sign_ins = prepare(environment)
                    return supervise(settings, environment, sign_ins)
    except EmbeddedServerFailed as failure:
        sys.exit(f"\n{failure}\n")
    except KeyboardInterrupt:
        return 0


def read_settings() -> Settings:
    """Read the settings; stop and name each that cannot be used."""
    try:
        settings = Settings()
    except ValidationError as failure:
        faults = [f"{fault['loc'][0]}".upper() + f": {fault['msg']}" for fault in failure.errors()]
        sys.exit("\nThese settings cannot be used:\n  " + "\n  ".join(faults) + "\n")
    if faults := settings.production_faults():
        sys.exit("\nPORTAL_ENV=production refuses to start:\n  " + "\n  ".join(faults) + "\n")
    return settings


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the home for this run alone; stop when another run holds it."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            sys.exit(
                f"\nThe portal is running on {home} already (started by process {lock.read().strip()}).\n"
                f"Stop it there with Ctrl-C, or start another one:  make run PORTAL_HOME=var/second PORT=8001\n"
            )
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def refuse_taken_port(port: int) -> None:
    """Stop with a plain sentence when the port of the web server is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            sys.exit(f"\nPort {port} is for root only. Choose one above 1023:  make run PORT=8000\n")
        except OSError:
            sys.exit(f"\nPort {port} is taken by another program. Choose another:  make run PORT={port + 1}\n")


@contextmanager
def servers(settings: Settings, home: Path) -> Iterator[dict[str, str]]:
    """Run our own PostgreSQL and Valkey where no address names another; yield the addresses to use."""
    addresses = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    with ExitStack() as running:
        if not settings.database_url:
            postgres = PostgresServer(home / "postgres")
            if postgres.has_moved:
                say(f"PostgreSQL may not run as root; its user cannot reach {home}. Rows: {postgres.data_dir}")
            postgres.stop_leftover()
            addresses["DATABASE_URL"] = running.enter_context(postgres).url()
        if not settings.redis_url:
            valkey = ValkeyServer(home / "valkey")
            valkey.stop_leftover()
            addresses["REDIS_URL"] = running.enter_context(valkey).url()
        yield addresses
        say("Stopping: what was written is kept.")


@contextmanager
def noted(note: Path, chosen: dict[str, str]) -> Iterator[None]:
    """Write down where everything is while it runs, so that `flask ledger verify` and others find it by themselves."""
    shown = ("DATABASE_URL", "REDIS_URL", "PORTAL_HOME", "PORT", "INVOICES_DIR", "DEMO", "SANDBOX_URL")
    note.touch(mode=0o600)
    note.write_text("".join(f"{name}='{chosen[name]}'\n" for name in shown))
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def parts(settings: Settings, home: Path) -> dict[str, str]:
    """Return what every part must agree on, where the person has not said it."""
    chosen = settings.model_fields_set
    invoices = settings.invoices_dir if "invoices_dir" in chosen else ROOT / "invoices"
    if home != ROOT / "var" and "invoices_dir" not in chosen:
        invoices = home / "invoices"  # Two homes number their receipts apart: they must not share a folder.
    sandbox_url = settings.sandbox_url if "sandbox_url" in chosen else f"http://127.0.0.1:{free_port()}"
    return {
        "PORTAL_HOME": str(home),
        "PORT": str(settings.port),
        "INVOICES_DIR": str(invoices.absolute()),
        "DEMO": str(int(settings.demo if "demo" in chosen else not settings.is_production)),
        "SANDBOX_URL": sandbox_url,
        "SANDBOX_PORT": str(urlsplit(sandbox_url).port or 80),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONUNBUFFERED": "1",
    }


def prepare(environment: dict[str, str]) -> str:
    """Bring the tables up to date and fill an empty database with the demo; return the demo sign-ins."""
    say("Preparing the database ...")
    sign_ins = printed_by("tools.prepare", environment=environment)
    if sign_ins or environment["DEMO"] == "0":
        return sign_ins
    say("Loading the demo: six weeks of business ...")
    return printed_by("flask", "demo", "load", environment=environment)


def printed_by(module: str, *words: str, environment: dict[str, str]) -> str:
    """Run one command of the portal and return what it prints; stop and show it when the command fails."""
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        check=False,
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
    )
    if done.returncode != 0:
        sys.exit(f"\nThe database could not be prepared:\n{done.stdout}{done.stderr}".rstrip() + "\n")
    return done.stdout.strip()


def supervise(settings: Settings, environment: dict[str, str], sign_ins: str) -> int:
    """Run the lines of the Procfile until Ctrl-C; tell the person once the portal answers."""
    manager = Manager()
    lines = parse_procfile((ROOT / "Procfile").read_text()).processes
    for name, command in lines.items():
        if name != "sandbox" or settings.sandbox_carriers:
            manager.add_process(name, f"{library_path()}exec {command}", env=environment, cwd=str(ROOT))
    threading.Thread(target=announce, args=(settings, sign_ins), daemon=True).start()
    manager.loop()
    was_asked_to_stop = manager.returncode in {130, 143}
    return 0 if was_asked_to_stop else manager.returncode or 1


def library_path() -> str:
    """Name Homebrew's libraries inside the shell on macOS, which takes the name from what it starts itself."""
    path = os.environ.get("DYLD_FALLBACK_LIBRARY_PATH")
    return f'DYLD_FALLBACK_LIBRARY_PATH="{path}" ' if path else ""


def announce(settings: Settings, sign_ins: str) -> None:
    """Print the address and the sign-ins as soon as every part is ready; say so when that takes too long."""
    local = f"http://127.0.0.1:{settings.port}"
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        time.sleep(0.2)
        try:
            urllib.request.urlopen(f"{local}/readyz", timeout=5).close()
        except (urllib.error.URLError, OSError):
            continue
        address = settings.base_url or local
        say("\n".join(["", f"LEB Portal is ready:  {address}", sign_ins, "Stop with Ctrl-C; everything is kept.", ""]))
        return
    say(f"\nThe portal is not ready yet; {local}/readyz names what is missing.\n")


def say(words: str) -> None:
    """Print a line for the person at the terminal."""
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
