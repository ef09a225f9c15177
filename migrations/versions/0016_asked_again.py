"""When an open dispute, and a refund that succeeded, are asked of their provider again: no webhook need come.

What stands already is asked about at once; refunds of more than thirty days ago stay as they are.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for table, index in (("disputes", "ix_disputes_to_ask"), ("provider_refunds", "ix_provider_refunds_to_ask")):
        op.add_column(table, sa.Column("ask_at", INSTANT, nullable=True))
        op.create_index(index, table, ["ask_at"], postgresql_where=sa.text("ask_at IS NOT NULL"))
    op.execute("UPDATE disputes SET ask_at = now() WHERE state = 'open'")
    op.execute(
        """
        UPDATE provider_refunds SET ask_at = now()
        WHERE state = 'succeeded' AND ended_at > now() - interval '30 days'
        """
    )


def downgrade() -> None:
    op.drop_column("provider_refunds", "ask_at")
    op.drop_column("disputes", "ask_at")
