"""Run migrations on the application's own connection settings; two starts at once wait for each other."""

from pathlib import Path

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, text
from sqlalchemy.types import TypeEngine

from portal.core.db import UtcDateTime, db

FUNCTIONS = Path(__file__).parent / "functions"

MIGRATION_LOCK = 0x1EB
"""The advisory lock that lets one process migrate at a time."""


def render_item(kind: str, item: object, autogen_context: AutogenContext) -> str | bool:
    """Write our column types as plain SQLAlchemy, so that a version never imports portal code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, TypeEngine) and type(item).__module__.startswith("sqlalchemy.dialects"):
        autogen_context.imports.add("from sqlalchemy.dialects import postgresql")
    return False


def _write_functions(connection: Connection) -> None:
    # Functions have no history in the database: each upgrade writes today's anew, from one file a function.
    for function in sorted(FUNCTIONS.glob("*.sql")):
        connection.exec_driver_sql(function.read_text(), execution_options={"no_parameters": True})


def run() -> None:
    """Bring the database to the newest version."""
    with db.engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
        try:
            context.configure(
                connection=connection,
                target_metadata=db.metadata,
                render_item=render_item,
                compare_type=True,
            )
            with context.begin_transaction():
                context.run_migrations()
                _write_functions(connection)
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()


run()
