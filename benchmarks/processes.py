"""Run the portal's own processes on a stage, and read how much memory they keep."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.stage import Stage


@contextmanager
def running(command: Sequence[str], here: Stage) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a command of the portal while the block runs, and end it with its children."""
    process = subprocess.Popen(
        command,
        env=here.environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def serving(here: Stage, *, port: int, threads: int = 4) -> "Iterator[subprocess.Popen[bytes]]":
    """Serve the portal as `make run` does, with one process, once it answers."""
    command = ["gunicorn", "-b", f"127.0.0.1:{port}", "-k", "gthread", "--threads", str(threads), "app:app"]
    with running(command, here) as process:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2)
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield process


def children(pid: int) -> list[int]:
    """List the processes that a process has forked."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def rss_mb(pid: int) -> float:
    """Tell a process's resident memory in MB of 2**20 bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024
