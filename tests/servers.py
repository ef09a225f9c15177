"""One PostgreSQL and one Valkey for a whole test run, shared by every xdist worker.

The process that pytest was started in runs them, and hands their addresses to the workers in the environment:
`start` belongs into `pytest_configure`, `stop` into `pytest_unconfigure`. Nothing outside the run is touched,
so tests may run beside `make run`.
"""

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from portal.core.embedded import temporary_postgres, temporary_valkey

POSTGRES = "TEST_POSTGRES_URL"
VALKEY = "TEST_VALKEY_URL"
TEMPLATE = "template_of_tests"
PREPARING = 2026  # Any number that means the same lock to every worker.

# These rows are thrown away: no test of a power cut runs on this server, each of those starts its own.
UNSAFE_AND_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
FORGETFUL = {"appendonly": "no"}

_running = ExitStack()


def start() -> None:
    """Start both servers unless an outer process of this run has; SIGTERM then ends as cleanly as Ctrl-C."""
    if POSTGRES in os.environ:
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ[POSTGRES] = _running.enter_context(temporary_postgres(UNSAFE_AND_FAST)).url()
    _running.callback(os.environ.pop, POSTGRES)
    os.environ[VALKEY] = _running.enter_context(temporary_valkey(FORGETFUL)).url()
    _running.callback(os.environ.pop, VALKEY)


def stop() -> None:
    """Stop what `start` started in this process."""
    _running.close()


def database_url(*, prepare: Callable[[str], None], name: str = "") -> str:
    """Return the address of a new database, copied from one that `prepare` has filled once for the whole run.

    Args:
        prepare: Called in one worker only with the address of the empty template; brings up its tables
            and leaves no connection open.
        name: Tells several databases of one worker apart.
    """
    address = make_url(os.environ[POSTGRES])
    wanted = "_".join(filter(None, ["tests", worker(), name]))
    with _connect(address) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [PREPARING])
        _prepare_template(connection, address, prepare)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(wanted)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(wanted), sql.Identifier(TEMPLATE))
        )
    return _shown(address.set(database=wanted))


def broker_url() -> str:
    """Return the address of this worker's own numbered database of the Valkey."""
    number = int(worker().removeprefix("gw")) + 1 if worker().startswith("gw") else 0
    return f"{os.environ[VALKEY].rsplit('/', 1)[0]}/{number}"


def worker() -> str:
    """Return the name of this xdist worker, as `gw0`, or `main` when pytest runs in one process."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def _prepare_template(
    connection: psycopg.Connection[tuple[object, ...]], address: URL, prepare: Callable[[str], None]
) -> None:
    found = connection.execute("SELECT datistemplate FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone()
    if found == (True,):
        return
    template = sql.Identifier(TEMPLATE)
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(template))
    connection.execute(sql.SQL("CREATE DATABASE {}").format(template))
    prepare(_shown(address.set(database=TEMPLATE)))
    connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(template))


def _connect(address: URL) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(host=str(address.query["host"]), user=address.username, dbname="postgres", autocommit=True)


def _shown(address: URL) -> str:
    return address.render_as_string(hide_password=False)
