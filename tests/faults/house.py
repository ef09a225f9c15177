"""A whole installation in real processes, for tests that kill its parts."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from portal.core.db import db
from portal.core.embedded import free_port
from portal.core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


class House:
    """Starts web, worker and clock of one installation, and kills them as asked; all are ended at the end."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.port = free_port()
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str, **changes: str) -> "subprocess.Popen[bytes]":
        """Start a command of the portal in a process group of its own."""
        with self._log_of(command[-1]).open("ab") as log:
            process = subprocess.Popen(
                [str(Path(sys.executable).parent / command[0]), *command[1:]],
                cwd=ROOT,
                env=self._environment() | changes,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of the portal to its end; gives its exit code and what it printed."""
        return subprocess.run(
            [str(Path(sys.executable).parent / command[0]), *command[1:]],
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def worker(self, **changes: str) -> "subprocess.Popen[bytes]":
        """Start a worker."""
        return self.start("flask", "worker", **changes)

    def clock(self) -> "subprocess.Popen[bytes]":
        """Start a clock."""
        return self.start("flask", "clock")

    def web(self, **changes: str) -> "subprocess.Popen[bytes]":
        """Start a web server and wait until it answers."""
        process = self.start("gunicorn", "-b", f"127.0.0.1:{self.port}", "--threads", "4", "app:app", **changes)
        wait_until(lambda: self.get("/healthz") == 200, seconds=20)
        return process

    def get(self, path: str) -> int:
        """Ask the web server and give the status; 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return int(error.code)
        except OSError:
            return 0

    def log(self, name: str) -> str:
        """Give what all processes of a command have written, "worker" or "clock"."""
        return self._log_of(name).read_text()

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill a process and its children at once, as a power cut would."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        """End whatever still runs."""
        for process in self._processes:
            if process.poll() is None:
                self.kill(process)

    def _environment(self) -> dict[str, str]:
        chosen = self.settings
        return os.environ | {
            "PORTAL_ENV": "test",
            "PORTAL_HOME": str(chosen.portal_home),
            "INVOICES_DIR": str(chosen.invoices_dir),
            "DATABASE_URL": chosen.database_url,
            "REDIS_URL": chosen.redis_url,
            "SANDBOX_URL": chosen.sandbox_url,
            "SANDBOX_SETTLES_SECONDS": str(chosen.sandbox_settles_seconds),
            "CARRIER_SUBMIT_SECONDS": str(chosen.carrier_submit_seconds),
            "CARRIER_CONNECT_SECONDS": str(chosen.carrier_connect_seconds),
            "OUTBOX_LEASE_SECONDS": str(chosen.outbox_lease_seconds),
            "RATE_LIMITS": "false",
            "PYTHONPATH": str(ROOT),
        }

    def _log_of(self, name: str) -> Path:
        folder = self.settings.portal_home / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{name.replace('/', '_').replace(':', '_')}.log"


def wait_until(is_so: Callable[[], bool], *, seconds: float, every: float = 0.1) -> None:
    """Wait until something is so; fails when it is not so in time."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise AssertionError(f"not so within {seconds} s")
        time.sleep(every)
        db.session.rollback()
