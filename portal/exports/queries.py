"""Exports as pages read them."""

from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from portal.core import settings
from portal.core.db import db, existing
from portal.exports.models import Export


def for_user(user_id: UUID, export_id: UUID) -> Export:
    """Give a user one of their own exports.

    Raises:
        NotFound: there is none, or it is another user's.
    """
    query = (
        select(Export)
        .where(Export.id == export_id, Export.user_id == user_id)
        .execution_options(populate_existing=True)
    )
    return existing(db.session.scalar(query))


def latest_of(user_id: UUID, *, limit: int = 10) -> list[Export]:
    """List a user's latest exports."""
    return list(
        db.session.scalars(select(Export).where(Export.user_id == user_id).order_by(Export.id.desc()).limit(limit))
    )


def path_of(export: Export) -> Path:
    """Tell where an export's file lies.

    Raises:
        NotFound: it is not ready.
    """
    return folder() / existing(export.file_name)


def folder() -> Path:
    """Tell where export files are kept."""
    return settings.current().portal_home.resolve() / "exports"
