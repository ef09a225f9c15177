"""The whole portal in real processes, with the demo in it and a carrier that answers at once."""

import email
import email.policy
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.core.settings import Settings
from tests import servers
from tests.carriers.sandbox_process import RunningSandbox
from tests.conftest import migrated, settings_for
from tests.faults.house import House

FIRST_OF_OURS = 8
"""Numbered databases of the Valkey from here on are no other test's."""


class Portal(House):
    """A running portal: its address, its mails, its carrier."""

    def __init__(self, settings: Settings, carrier: RunningSandbox) -> None:
        super().__init__(settings)
        self.carrier = carrier
        self._opened: set[Path] = set()

    @property
    def address(self) -> str:
        """Where people find it."""
        return f"http://127.0.0.1:{self.port}"

    def load_demo(self) -> None:
        """Load six weeks of business."""
        loading = self.start("flask", "demo", "load")
        assert loading.wait(150) == 0, "the demo could not be loaded"

    def open(self) -> None:
        """Start every part, and return once all of them answer."""
        self.start("gunicorn", "-b", f"127.0.0.1:{self.port}", "--threads", "8", "app:app")
        self.worker()
        self.clock()
        end = time.monotonic() + 60
        while self.get("/readyz") != 200:
            assert time.monotonic() < end, "the portal is not ready"
            time.sleep(0.1)

    def link_for(self, recipient: str, *, path: str) -> str:
        """Wait for a mail to somebody and give the link in it whose address goes on with `path`."""
        return self._find_in_mail(recipient, rf"{re.escape(self.address + path)}\S+")

    def code_for(self, recipient: str) -> str:
        """Wait for a mail to somebody and give the six digits in it."""
        return self._find_in_mail(recipient, r"\b\d{6}\b")

    def _find_in_mail(self, recipient: str, wanted: str) -> str:
        """Wait for a mail that nobody has looked into yet."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            for path in set(self.settings.mail_dir.glob("*.eml")) - self._opened:
                letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                if letter["To"] == recipient and (found := re.search(wanted, letter.get_content())):
                    self._opened.add(path)
                    return found[0]
            time.sleep(0.1)
        raise AssertionError(f"no mail to {recipient} in which {wanted} stands")

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"BASE_URL": self.address}


@contextmanager
def open_portal(home: Path) -> Iterator[Portal]:
    """Open a portal on a database and a broker of its own; all of it is ended with the block."""
    server, number = servers.broker_url().rsplit("/", 1)
    standing = settings_for(
        servers.database_url(prepare=migrated, name="browser"),
        home,
        redis_url=f"{server}/{FIRST_OF_OURS + int(number)}",
        carrier_submit_seconds=20,
        sandbox_settles_seconds=10,
    )
    opened = Portal(standing, RunningSandbox(home / "sandbox"))
    try:
        opened.load_demo()
        opened.carrier.start()
        opened.settings = standing.model_copy(update={"sandbox_url": opened.carrier.url})
        opened.open()
        yield opened
    finally:
        opened.end()
        opened.carrier.kill()
