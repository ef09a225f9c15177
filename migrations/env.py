"""Run migrations on the application's own connection settings; two starts at once wait for each other."""

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import text
from sqlalchemy.types import TypeEngine

from portal.core.db import UtcDateTime, db

MIGRATION_LOCK = 0x1EB
"""The advisory lock that lets one process migrate at a time."""


def render_item(kind: str, item: object, autogen_context: AutogenContext) -> str | bool:
    """Write our column types as plain SQLAlchemy, so that a version never imports portal code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, TypeEngine) and type(item).__module__.startswith("sqlalchemy.dialects"):
        autogen_context.imports.add("from sqlalchemy.dialects import postgresql")
    return False


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
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()


run()
