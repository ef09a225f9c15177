"""What payers' banks sent back after it had been refunded or returned is held until it is given again.

What had come back before stays as it was: a difference in reconciliation until it is tried again.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("CREATE TYPE bounce_end AS ENUM ('payer', 'wallet', 'dispute')")
    op.create_table(
        "bounces",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("renewal_id", sa.Uuid(), nullable=False),
        sa.Column("provider_refund_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason_code", sa.String(120), nullable=True),
        sa.Column("came_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_as", postgresql.ENUM(name="bounce_end", create_type=False), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_bounces_amount_positive")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_as IS NULL)", name=op.f("ck_bounces_ended_has_end")),
        sa.ForeignKeyConstraint(["renewal_id"], ["renewals.id"], name=op.f("fk_bounces_renewal_id_renewals")),
        sa.ForeignKeyConstraint(
            ["provider_refund_id"], ["provider_refunds.id"], name=op.f("fk_bounces_provider_refund_id_provider_refunds")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_bounces_payment_id_payments")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounces")),
    )
    op.create_index("ix_bounces_renewal", "bounces", ["renewal_id"])
    op.create_index(
        "uq_bounces_open",
        "bounces",
        ["provider_refund_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.execute("ALTER TYPE refund_state ADD VALUE IF NOT EXISTS 'came_back'")
    op.drop_constraint(op.f("ck_refunds_done_is_numbered"), "refunds")
    # Named by the states before: a value may not be used in the transaction that adds it.
    op.create_check_constraint(
        op.f("ck_refunds_carried_out_is_numbered"),
        "refunds",
        "(state IN ('awaiting_approval', 'declined', 'asking_carrier', 'paying_back', 'failed')) = (number IS NULL)"
        " AND (number IS NULL) = (done_at IS NULL)",
    )


def downgrade() -> None:
    # The word `came_back` stays in the type: PostgreSQL takes none out, and nothing says it any more.
    op.execute("UPDATE refunds SET state = 'done' WHERE state = 'came_back'")
    op.drop_constraint(op.f("ck_refunds_carried_out_is_numbered"), "refunds")
    op.create_check_constraint(
        op.f("ck_refunds_done_is_numbered"),
        "refunds",
        "(state = 'done') = (number IS NOT NULL) AND (state = 'done') = (done_at IS NOT NULL)",
    )
    op.drop_table("bounces")
    op.execute("DROP TYPE bounce_end")
