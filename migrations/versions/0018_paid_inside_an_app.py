"""Payments inside a provider's own app, and until when a provider's page opens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("ALTER TYPE surface ADD VALUE 'in_app'")
    op.add_column("payments", sa.Column("for_app", JSONB(), nullable=True))
    op.add_column("payments", sa.Column("go_to_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    # The enumerated type keeps its new member: PostgreSQL takes none away, and no row need name it.
    op.drop_column("payments", "go_to_until")
    op.drop_column("payments", "for_app")
