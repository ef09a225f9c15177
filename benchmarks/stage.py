"""A stage for a benchmark: an embedded PostgreSQL with durable commits, Valkey, the tables, and the application."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade

from portal.core.db import db
from portal.core.embedded import PostgresServer, temporary_postgres, temporary_valkey
from portal.core.settings import Environment, Settings
from portal.factory import create_app
from portal.ledger import chart


@dataclass
class Stage:
    """Where a benchmark plays: the server, its database's address and the settings of an installation on it."""

    postgres: PostgresServer
    settings: Settings

    def app(self) -> Flask:
        """Build an application; call it after a fork, since connections cannot be shared."""
        chart.forget_ids()
        return create_app(self.settings)

    def pgbench(self, *, seconds: int, clients: int = 8) -> float:
        """Run `pgbench -b tpcb-like` and give its transactions a second."""
        said = self._run_pgbench("-b", "tpcb-like", "-c", str(clients), "-T", str(seconds))
        return float(next(line for line in said.splitlines() if line.startswith("tps")).split()[2])

    def prepare_pgbench(self, *, scale: int) -> None:
        """Make pgbench's tables, `scale` branches of 100,000 accounts each."""
        self._run_pgbench("-i", "-q", "-s", str(scale))

    def environment(self) -> dict[str, str]:
        """Give the environment in which the portal's own commands run on this stage."""
        return {
            **os.environ,
            "DATABASE_URL": self.settings.database_url,
            "REDIS_URL": self.settings.redis_url,
            "PORTAL_HOME": str(self.settings.portal_home),
            "INVOICES_DIR": str(self.settings.invoices_dir),
            "RATE_LIMITS": "false",
            "PORTAL_ENV": "test",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def _run_pgbench(self, *options: str) -> str:
        host = db_host(self.settings.database_url)
        command = [str(self.postgres.binary("pgbench")), "-h", host, "-U", "portal", *options, "portal"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def db_host(url: str) -> str:
    """Give the folder of the server's socket."""
    from sqlalchemy import make_url  # noqa: PLC0415

    return str(make_url(url).query["host"])


@contextmanager
def stage(*, broker: bool = False) -> Iterator[Stage]:
    """Set a stage up, with Valkey when `broker`, and take it down again."""
    with tempfile.TemporaryDirectory(prefix="leb-bench-") as home, temporary_postgres() as postgres:
        Path(home).chmod(0o755)
        changes = {
            "portal_env": Environment.TEST,
            "database_url": postgres.url(),
            "portal_home": Path(home),
            "invoices_dir": Path(home) / "invoices",
            "rate_limits": False,
        }
        if not broker:
            yield _migrated(postgres, Settings(_env_file=None, **changes))
            return
        with temporary_valkey() as valkey:
            yield _migrated(postgres, Settings(_env_file=None, redis_url=valkey.url(), **changes))


def _migrated(postgres: PostgresServer, settings: Settings) -> Stage:
    app = create_app(settings)
    with app.app_context():
        upgrade()
        db.engine.dispose()
    return Stage(postgres, settings)
