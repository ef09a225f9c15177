"""A crowd of processes with many threads each, that all order at the same moment."""

import json
import multiprocessing
import os
import subprocess
import sys
from collections import Counter as Tally
from multiprocessing.synchronize import Barrier
from pathlib import Path
from uuid import UUID

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

PROCESSES, THREADS = 4, 50


class Crowd:
    """Two hundred who order at once, as often as they are told to."""

    def __init__(self, settings: Settings) -> None:
        environment = os.environ | {
            "PORTAL_ENV": "test",
            "DATABASE_URL": settings.database_url,
            "PORTAL_HOME": str(settings.portal_home),
            "DATABASE_POOL_SIZE": "20",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.rush"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, counter: Counter) -> Tally[str]:
        """Have everybody order once, each with a key of their own; counts how the orders ended."""
        assert self._process.stdin
        assert self._process.stdout
        wanted = [str(counter.agent.id), str(counter.card.id), counter.signed_quote()]
        self._process.stdin.write(json.dumps(wanted) + "\n")
        self._process.stdin.flush()
        return Tally(json.loads(self._process.stdout.readline()))

    def end(self) -> None:
        """Send everybody home."""
        self._process.communicate(timeout=10)


def main() -> None:
    """Order as each line of the input says, and write how often each ending came."""
    fork = multiprocessing.get_context("fork")  # what takes long is imported once
    with fork.Pool(PROCESSES, _keep, [fork.Barrier(PROCESSES)]) as pool:
        for line in sys.stdin:
            endings = pool.map(_order, [json.loads(line)] * PROCESSES, chunksize=1)
            json.dump(sum(endings, Tally()), sys.stdout)
            sys.stdout.write("\n")
            sys.stdout.flush()


_start: list[Barrier] = []
"""In each process: where it waits for the others."""


def _keep(start: Barrier) -> None:
    _start.append(start)


def _order(wanted: list[str]) -> Tally[str]:
    """Place one order from each of this process's threads, once every process is ready."""
    agent_id, card_id, signed_quote = wanted
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

    app = create_app(Settings(_env_file=None))
    with app.app_context():
        chart.forget_ids()  # the database may be another one than before
        _start[0].wait()
        endings = all_at_once(app, place, times=THREADS)
        db.engine.dispose()
    return Tally(getattr(ending, "code", "placed") for ending in endings)


if __name__ == "__main__":
    main()
