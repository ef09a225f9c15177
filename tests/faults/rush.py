"""A crowd of processes with many threads each, that all order at the same moment."""

import json
import os
import subprocess
import sys
from collections import Counter as Tally
from pathlib import Path
from uuid import UUID

from flask import Flask

from portal.core import ids
from portal.core.db import db, in_transaction
from portal.core.settings import Settings
from portal.factory import create_app
from portal.ledger import chart
from portal.renewals import placing
from portal.renewals.placing import Placed
from tests import make
from tests.beside import all_at_once
from tests.renewals.conftest import Counter

ROOT = Path(__file__).resolve().parents[2]


class Crowd:
    """Processes that order at once from many threads each, as often as they are told to."""

    def __init__(self, settings: Settings, *, processes: int) -> None:
        environment = os.environ | {
            "PORTAL_ENV": "test",
            "DATABASE_URL": settings.database_url,
            "PORTAL_HOME": str(settings.portal_home),
            "DATABASE_POOL_SIZE": "20",
        }
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.faults.rush"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(processes)
        ]
        for process in self._processes:
            assert self._read(process) == "ready\n"

    def order(self, counter: Counter, *, threads: int) -> Tally[str]:
        """Have each process order from so many threads, each with a key of its own; counts how the orders ended."""
        wanted = [threads, str(counter.agent.id), str(counter.card.id), counter.signed_quote()]
        for process in self._processes:
            assert process.stdin
            process.stdin.write(json.dumps(wanted) + "\n")
            process.stdin.flush()
        return sum((Tally(json.loads(self._read(process))) for process in self._processes), Tally())

    def end(self) -> None:
        """Send the processes home."""
        for process in self._processes:
            process.communicate(timeout=10)

    def _read(self, process: "subprocess.Popen[str]") -> str:
        assert process.stdout
        return process.stdout.readline()


def main() -> None:
    """Order as each line of the input says, and write how often each ending came."""
    app = create_app(Settings(_env_file=None))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        with app.app_context():
            # The database may be another one by now.
            db.engine.dispose()
            chart.forget_ids()
            json.dump(_order(app, *json.loads(line)), sys.stdout)
            sys.stdout.write("\n")
            sys.stdout.flush()


def _order(app: Flask, threads: int, agent_id: str, card_id: str, signed_quote: str) -> Tally[str]:
    actor = make.actor()

    def place() -> Placed:
        return in_transaction(
            lambda: placing.place(
                agent_id=UUID(agent_id),
                card_id=UUID(card_id),
                signed_quote=signed_quote,
                idempotency_key=str(ids.new_id()),
                actor=actor,
            )
        )

    return Tally(getattr(ending, "code", "placed") for ending in all_at_once(app, place, times=threads))


if __name__ == "__main__":
    main()
