"""Run the stand-in carriers as a real process, and tell them what to do."""

import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PORTS = range(18100, 18200)
REPOSITORY = Path(__file__).parents[2]

BROWSER = httpx.Client(trust_env=False, timeout=10, limits=httpx.Limits(max_keepalive_connections=0))
"""One for all calls to stand-ins: a client reads the machine's certificates when it is made, for 20 ms."""


class RunningSandbox:
    """A sandbox process on a port of its own, its books in `home`; may be stopped, killed and started again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._log = home / "sandbox.log"
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """For `Settings(sandbox_url=...)`."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start on the port it had before, or on a free one; returns when it listens."""
        self.home.mkdir(parents=True, exist_ok=True)
        for port in [self.port] if self.port else random.sample(PORTS, len(PORTS)):
            with self._log.open("w") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "portal.sandbox", "--port", str(port), "--home", str(self.home)],
                    cwd=REPOSITORY,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
            assert process.stdout
            if process.stdout.readline().startswith("sandbox carriers ready"):
                self.port, self._process = port, process
                return
            _close(process)
            complaint = self._log.read_text()
            if "in use" not in complaint:
                raise RuntimeError(complaint)
        raise RuntimeError(f"no free port for the sandbox in {PORTS}")

    def stop(self) -> int:
        """End it as a supervisor would (SIGTERM) and give its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash would (SIGKILL); its books stay."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze it: connections are taken by the system, nothing is answered."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after a pause."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def set_fault(self, kind: str, **fields: Any) -> int:
        """Set a fault and give its id; the kinds and fields are those of `portal.sandbox.faults`.

        Without more it strikes every submission of every card: `set_fault("drop", iccid=..., times=1)`,
        `set_fault("late", seconds=3)`, `set_fault("refuse", reason="card_suspended")`, `set_fault("down")`.
        """
        return self._control("POST", "faults", json={"kind": kind, **fields})["id"]

    def clear_faults(self) -> None:
        """Take every fault back."""
        self._control("POST", "faults/clear")

    def deliveries(self, reference: str) -> list[dict[str, Any]]:
        """List the submissions received under a reference, first to last, each with its `outcome` and `fault`.

        Outcomes: `delivered`, `refused`, `repeated` (the first answer again), `conflict`, `received` (nothing done).
        """
        return self._control("GET", "submissions", params={"reference": reference})["submissions"]

    def carried_out(self, *, reference: str | None = None, iccid: str | None = None) -> int:
        """Count the renewals really carried out, of all or of one reference or card."""
        params = {name: value for name, value in {"reference": reference, "iccid": iccid}.items() if value}
        rows = self._control("GET", "submissions", params=params)["submissions"]
        return sum(row["outcome"] == "delivered" for row in rows)

    def set_card(self, carrier: str, iccid: str, **changes: Any) -> None:
        """Change a card: plan_code, data_total_mb, data_left_mb, valid_until (ISO 8601, aware), is_suspended."""
        self._control("PUT", f"cards/{carrier}/{iccid}", json=changes)

    def _control(self, method: str, path: str, **request: Any) -> Any:
        answer = BROWSER.request(method, f"{self.url}/control/{path}", **request)
        answer.raise_for_status()
        return answer.json()

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(how)
        return _close(process)


def _close(process: "subprocess.Popen[str]") -> int:
    code = process.wait(10)
    if process.stdout:
        process.stdout.close()
    return code


@contextmanager
def running_sandbox(home: Path | None = None) -> Iterator[RunningSandbox]:
    """Run a sandbox that answers at once while the block lasts, with books of its own."""
    folder = home or Path(tempfile.mkdtemp(prefix="sandbox-"))
    sandbox = RunningSandbox(folder)
    sandbox.start()
    try:
        yield sandbox
    finally:
        sandbox.kill()
        if home is None:
            shutil.rmtree(folder)
