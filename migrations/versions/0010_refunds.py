"""Refunds, credit notes and disputes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

TYPES = {
    "refund_state": ("awaiting_approval", "declined", "asking_carrier", "paying_back", "failed", "done"),
    "refund_reason": (
        "not_working",
        "wrong_card",
        "wrong_plan",
        "paid_twice",
        "not_needed",
        "goodwill",
        "dispute_lost",
        "other",
    ),
    "refund_destination": ("source", "wallet", "disputed"),
    "carrier_answer": ("not_asked", "taken_back", "kept"),
    "dispute_state": ("open", "won", "lost"),
}

INSTANT = sa.DateTime(timezone=True)


def _words(name: str) -> postgresql.ENUM:
    return postgresql.ENUM(name=name, create_type=False)


def upgrade() -> None:
    for name, words in TYPES.items():
        op.execute(f"CREATE TYPE {name} AS ENUM {words}")
    _create_refunds()
    _create_disputes()
    _create_credit_notes()


def downgrade() -> None:
    for table in ("disputes", "credit_notes", "credit_note_counters", "refunds"):
        op.drop_table(table)
    for name in TYPES:
        op.execute(f"DROP TYPE {name}")


def _create_refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=12), nullable=False),
        sa.Column("renewal_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("state", _words("refund_state"), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", _words("refund_reason"), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("destination", _words("refund_destination"), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("requested_by_name", sa.String(length=200), nullable=False),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_by_name", sa.String(length=200), nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("begun_at", INSTANT, nullable=True),
        sa.Column("carrier_answer", _words("carrier_answer"), nullable=True),
        sa.Column("carrier_reason", sa.String(length=120), nullable=True),
        sa.Column("carrier_raw", postgresql.JSONB(), nullable=True),
        sa.Column("failure_code", sa.String(length=120), nullable=True),
        sa.Column("revenue_minor", sa.BigInteger(), nullable=True),
        sa.Column("tax_minor", sa.BigInteger(), nullable=True),
        sa.Column("fee_minor", sa.BigInteger(), nullable=True),
        sa.Column("share_minor", sa.BigInteger(), nullable=True),
        sa.Column("override_minor", sa.BigInteger(), nullable=True),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_amount_positive")),
        sa.CheckConstraint(
            "(state = 'done') = (number IS NOT NULL) AND (state = 'done') = (done_at IS NOT NULL)",
            name=op.f("ck_refunds_done_is_numbered"),
        ),
        sa.CheckConstraint(
            "number IS NULL OR revenue_minor + tax_minor + fee_minor = amount_minor",
            name=op.f("ck_refunds_parts_sum_to_amount"),
        ),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> requested_by", name=op.f("ck_refunds_two_people")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_refunds_agent_id_agents")),
        sa.ForeignKeyConstraint(["renewal_id"], ["renewals.id"], name=op.f("fk_refunds_renewal_id_renewals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("reference", name=op.f("uq_refunds_reference")),
        sa.UniqueConstraint("renewal_id", "number", name=op.f("uq_refunds_renewal_id_number")),
    )
    op.create_index(
        "uq_refunds_open",
        "refunds",
        ["renewal_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('awaiting_approval', 'asking_carrier', 'paying_back', 'failed')"),
    )
    op.create_index("ix_refunds_state", "refunds", ["state", "id"])
    op.create_index("ix_refunds_agent", "refunds", ["agent_id", "id"])


def _create_disputes() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=12), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("provider_id", sa.String(length=255), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("renewal_id", sa.Uuid(), nullable=True),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("state", _words("dispute_state"), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("frozen_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("answer_until", INSTANT, nullable=True),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("raw", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("amount_minor > 0 AND frozen_minor >= 0", name=op.f("ck_disputes_amounts")),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_disputes_decided_has_day")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_disputes_agent_id_agents")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_disputes_payment_id_payments")),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_disputes_refund_id_refunds")),
        sa.ForeignKeyConstraint(["renewal_id"], ["renewals.id"], name=op.f("fk_disputes_renewal_id_renewals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("provider", "provider_id", name=op.f("uq_disputes_provider_provider_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_disputes_reference")),
    )
    op.create_index(
        "ix_disputes_renewal", "disputes", ["renewal_id"], postgresql_where=sa.text("renewal_id IS NOT NULL")
    )
    op.create_index("ix_disputes_state", "disputes", ["state", "id"])


def _create_credit_notes() -> None:
    op.create_table(
        "credit_note_counters",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_serial", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_credit_note_counters")),
    )
    op.create_table(
        "credit_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("renewal_id", sa.Uuid(), nullable=False),
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.CHAR(length=64), nullable=False),
        sa.Column("verification_code", sa.String(length=26), nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("number", sa.String(length=20), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("serial", sa.Integer(), nullable=True),
        sa.Column("file_name", sa.String(length=120), nullable=True),
        sa.Column("file_sha256", sa.CHAR(length=64), nullable=True),
        sa.Column("file_size", sa.Integer(), nullable=True),
        sa.Column("rendered_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "(number IS NULL) = (serial IS NULL) AND (year IS NULL) = (serial IS NULL)",
            name=op.f("ck_credit_notes_numbered"),
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_credit_notes_agent_id_agents")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_credit_notes_customer_id_customers")),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"], name=op.f("fk_credit_notes_receipt_id_receipts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_notes")),
        sa.UniqueConstraint("number", name=op.f("uq_credit_notes_number")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_credit_notes_refund_id")),
        sa.UniqueConstraint("verification_code", name=op.f("uq_credit_notes_verification_code")),
        sa.UniqueConstraint("year", "serial", name=op.f("uq_credit_notes_year_serial")),
    )
    op.create_index("ix_credit_notes_customer", "credit_notes", ["customer_id", "id"])
    op.create_index("ix_credit_notes_renewal", "credit_notes", ["renewal_id", "id"])
    op.create_index("ix_credit_notes_sha256", "credit_notes", ["file_sha256"])
