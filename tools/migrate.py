"""Write a migration by comparing the models with a database that all earlier migrations have built."""

import os
import subprocess
import sys
from pathlib import Path

from portal.core.embedded import temporary_postgres

ROOT = Path(__file__).resolve().parents[1]


def main(message: str) -> None:
    """Upgrade an empty database, then let alembic name what the models have more or less."""
    if not message:
        sys.exit('Say what changes:  make migrate MESSAGE="add a column"')
    with temporary_postgres() as server:
        environment = {**os.environ, "DATABASE_URL": server.url()}
        for words in (["upgrade"], ["migrate", "--message", message]):
            subprocess.run([sys.executable, "-m", "flask", "db", *words], check=True, cwd=ROOT, env=environment)


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
