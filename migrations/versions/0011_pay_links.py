"""Renewals that wait for a payment."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "pay_links",
        sa.Column("renewal_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["renewal_id"], ["renewals.id"], name=op.f("fk_pay_links_renewal_id_renewals")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_pay_links_payment_id_payments")),
        sa.PrimaryKeyConstraint("renewal_id", name=op.f("pk_pay_links")),
        sa.UniqueConstraint("code", name=op.f("uq_pay_links_code")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_pay_links_payment_id")),
    )


def downgrade() -> None:
    op.drop_table("pay_links")
