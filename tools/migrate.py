"""Write a migration by comparing the models with a database that all earlier migrations have built."""

import os
import subprocess
import sys
from pathlib import Path

from alembic.script import ScriptDirectory

from portal.core.embedded import temporary_postgres

ROOT = Path(__file__).resolve().parents[1]
MIGRATIONS = ROOT / "migrations"


def main(message: str) -> None:
    """Upgrade an empty database, let alembic name what the models have more or less, and write the new head down."""
    if not message:
        sys.exit('Say what changes:  make migrate MESSAGE="add a column"')
    with temporary_postgres() as server:
        environment = {**os.environ, "DATABASE_URL": server.url()}
        for words in (["upgrade"], ["migrate", "--message", message]):
            subprocess.run([sys.executable, "-m", "flask", "db", *words], check=True, cwd=ROOT, env=environment)
    write_head()


def write_head() -> None:
    """Write the newest version into `migrations/.current-head`: two branches that each add one collide there in git."""
    (MIGRATIONS / ".current-head").write_text("\n".join(ScriptDirectory(str(MIGRATIONS)).get_heads()) + "\n")


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
