"""Starting the whole portal with one command, and stopping it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal.core.embedded import free_port, temporary_folder
from portal.core.settings import Settings
from tools import run

READY = "LEB Portal is ready"


class Portal:
    """One `python -m tools.run` on its own home, as `make run` starts it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.log = home.parent / "run.log"
        names = ("DATABASE_URL", "REDIS_URL", "PORTAL_ENV", "DEMO", "SANDBOX_URL", "INVOICES_DIR")
        environment = {name: value for name, value in os.environ.items() if name not in names}
        environment |= {"PORT": str(self.port), "PORTAL_HOME": str(home)}
        with self.log.open("w") as log:
            self.command = subprocess.Popen(
                [sys.executable, "-m", "tools.run"],
                cwd=run.ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def printed(self) -> str:
        return self.log.read_text()

    def wait_until_it_says(self, words: str, *, seconds: float = 150) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.printed:
            assert self.command.poll() is None, self.printed
            assert time.monotonic() < deadline, self.printed
            time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        if self.command.poll() is None:
            os.killpg(self.command.pid, how)
        return self.command.wait(30)


@contextmanager
def started(home: Path) -> Iterator[Portal]:
    portal = Portal(home)
    try:
        yield portal
    finally:
        portal.stop()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_starts_tells_the_sign_ins_stops_cleanly_and_keeps_everything() -> None:
    with temporary_folder() as folder:
        with started(folder / "var") as first:
            first.wait_until_it_says(READY)

            assert f"http://127.0.0.1:{first.port}" in first.printed
            assert "alice" in first.printed
            assert first.stop() == 0
            assert not (folder / "var/postgres/postmaster.pid").exists()

        with started(folder / "var") as second:
            second.wait_until_it_says(READY)

            assert "alice" in second.printed
            assert second.stop(signal.SIGTERM) == 0


@pytest.mark.slow
def test_refuses_a_second_run_on_the_same_home() -> None:
    with temporary_folder() as folder, started(folder / "var") as first:
        first.wait_until_it_says("Preparing the database")

        refused = subprocess.run(
            [sys.executable, "-m", "tools.run"],
            check=False,
            cwd=run.ROOT,
            env={**os.environ, "PORTAL_HOME": str(folder / "var")},
            capture_output=True,
            text=True,
        )

        assert refused.returncode == 1
        assert f"already (started by process {first.command.pid})" in refused.stderr


def test_says_that_the_port_is_taken_and_names_another() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(SystemExit, match=f"Port {port} is taken.*make run PORT={port + 1}"):
            run.refuse_taken_port(port)


def test_names_a_setting_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")

    with pytest.raises(SystemExit, match="PORT: "):
        run.read_settings()


def test_refuses_production_with_what_only_a_demo_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_ENV", "production")

    with pytest.raises(SystemExit, match=r"(?s)SECRET_KEY is missing.*SANDBOX_CARRIERS is on.*MAIL_URL is missing"):
        run.read_settings()


def test_keeps_the_receipts_of_another_home_apart(tmp_path: Path) -> None:
    ours = run.parts(Settings(_env_file=None), run.ROOT / "var")
    theirs = run.parts(Settings(_env_file=None, portal_home=tmp_path), tmp_path)

    assert ours["INVOICES_DIR"] == str(run.ROOT / "invoices")
    assert theirs["INVOICES_DIR"] == str(tmp_path / "invoices")


def test_shows_no_demo_sign_ins_in_production() -> None:
    settings = Settings(_env_file=None, portal_env="production")

    assert run.parts(settings, Path("var"))["DEMO"] == "0"
