"""The whole portal in real processes, with the demo in it and a carrier that answers at once."""

import email
import email.policy
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import servers
from tests.carriers.sandbox_process import RunningSandbox
from tests.conftest import migrated, settings_for
from tests.faults.house import House

FIRST_OF_OURS = 8
"""Numbered databases of the Valkey from here on are no other test's."""


class Portal(House):
    """A running portal: its address, its mails, its carrier."""

    carrier: RunningSandbox

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
        end = time.monotonic() + 20
        while time.monotonic() < end:
            for letter in self._letters_to(recipient):
                if found := re.search(rf"{re.escape(self.address + path)}\S+", letter):
                    return found[0]
            time.sleep(0.1)
        raise AssertionError(f"no mail to {recipient} with a link to {path}")

    def _letters_to(self, recipient: str) -> list[str]:
        letters = []
        for path in sorted(Path(self.settings.mail_dir).glob("*.eml"), reverse=True):
            letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if letter["To"] == recipient:
                letters.append(letter.get_content())
        return letters

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
    opened = Portal(standing)
    opened.carrier = RunningSandbox(home / "sandbox")
    try:
        opened.load_demo()
        opened.carrier.start()
        opened.settings = standing.model_copy(update={"sandbox_url": opened.carrier.url})
        opened.open()
        yield opened
    finally:
        opened.end()
        opened.carrier.kill()
