"""Exports."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.db import Model, UtcDateTime, enum_column
from portal.core.ids import new_id


class ExportFormat(StrEnum):
    """Which kind of file is made."""

    CSV = "csv"
    """UTF-8 with a byte order mark, so that Excel reads Chinese."""
    XLSX = "xlsx"
    """Amounts as numbers, instants as dates of the operator's zone."""


class Export(Model):
    """One file asked for by one user: the filter it was asked with, how far it is, and where it lies."""

    __tablename__ = "exports"
    __table_args__ = (Index("ix_exports_user", "user_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    format: Mapped[ExportFormat] = mapped_column(enum_column(ExportFormat))
    wanted: Mapped[dict[str, Any]] = mapped_column(JSONB)
    language: Mapped[str] = mapped_column(String(5))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    rows_done: Mapped[int] = mapped_column(default=0)
    file_name: Mapped[str | None] = mapped_column(String(120))
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_ready(self) -> bool:
        """Whether the file can be downloaded."""
        return self.finished_at is not None
