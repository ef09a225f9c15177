"""Why somebody did not agree to a refund.

Those that were declined before keep none: nobody was asked.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("refunds", sa.Column("refusal", sa.String(300), nullable=True))
    op.create_check_constraint(
        op.f("ck_refunds_refusal_of_declined"), "refunds", "refusal IS NULL OR state = 'declined'"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_refunds_refusal_of_declined"), "refunds")
    op.drop_column("refunds", "refusal")
