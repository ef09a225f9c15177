"""A process of its own that orders from fifty threads at once; started by `test_races.py`."""

import json
import sys
from collections import Counter
from uuid import UUID

from flask import Flask

from portal.core.actor import Actor, ActorKind
from portal.core.db import db, in_transaction
from portal.core.ids import new_id
from portal.core.settings import Settings
from portal.ledger.errors import NotCovered
from portal.renewals import placing
from tests.beside import all_at_once

THREADS = 50
CLERK = Actor(ActorKind.USER, None, "Alice")


def application(url: str) -> Flask:
    """Make no more of the application than placing needs, to start at once."""
    app = Flask("portal")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": 10, "max_overflow": 0, "pool_timeout": 60}
    app.extensions["portal_settings"] = Settings(_env_file=None)  # type: ignore[call-arg]
    db.init_app(app)
    return app


def main(url: str) -> None:
    """Say that it is ready, read what to order, and tell how the orders ended."""
    app = application(url)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    order = json.loads(sys.stdin.readline())

    def place() -> None:
        in_transaction(
            lambda: placing.place(
                agent_id=UUID(order["agent_id"]),
                card_id=UUID(order["card_id"]),
                signed_quote=order["signed_quote"],
                idempotency_key=str(new_id()),
                actor=CLERK,
            )
        )

    endings = all_at_once(app, place, times=THREADS)
    assert all(ending is None or isinstance(ending, NotCovered) for ending in endings), endings
    sys.stdout.write(json.dumps(Counter("refused" if ending else "placed" for ending in endings)))


if __name__ == "__main__":
    main(sys.argv[1])
