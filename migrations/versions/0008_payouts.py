"""Payouts and statements."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ENUM

revision = "0008"
down_revision = "0007"

TYPES = {
    "payout_state": ("requested", "in_run", "approved", "paid", "refused", "cancelled"),
    "payout_destination": ("bank", "wallet"),
    "payout_run_state": ("prepared", "approved", "discarded", "done"),
}


def upgrade() -> None:
    for name, words in TYPES.items():
        op.execute(f"CREATE TYPE {name} AS ENUM {words}")
    _create_bank_details()
    _create_payouts()
    _create_statements()


def downgrade() -> None:
    for table in (
        "statements",
        "statement_months",
        "payouts",
        "payout_runs",
        "agent_bank_accounts",
        "payout_conditions",
    ):
        op.drop_table(table)
    for name in TYPES:
        op.execute(f"DROP TYPE {name}")


def _create_bank_details() -> None:
    op.create_table(
        "payout_conditions",
        sa.Column("currency", sa.CHAR(3), primary_key=True),
        sa.Column("minimum_minor", sa.BigInteger(), nullable=False),
        sa.Column("bank_account", sa.LargeBinary()),
        sa.Column("bank_label", sa.String(80), nullable=False),
        sa.CheckConstraint("minimum_minor >= 0", name=op.f("ck_payout_conditions_minimum_not_negative")),
    )
    op.create_table(
        "agent_bank_accounts",
        sa.Column("agent_id", sa.Uuid(), sa.ForeignKey("agents.id"), primary_key=True),
        sa.Column("currency", sa.CHAR(3), primary_key=True),
        sa.Column("bank_account", sa.LargeBinary(), nullable=False),
        sa.Column("bank_label", sa.String(80), nullable=False),
        sa.Column("set_by_name", sa.String(200), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
    )


def _create_payouts() -> None:
    op.create_table(
        "payout_runs",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("reference", sa.String(12), nullable=False, unique=True),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("state", _enum("payout_run_state"), nullable=False),
        sa.Column("prepared_by", sa.Uuid(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("prepared_by_name", sa.String(200), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Uuid(), sa.ForeignKey("users.id")),
        sa.Column("approved_by_name", sa.String(200)),
        sa.Column("approved_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("approved_by <> prepared_by", name=op.f("ck_payout_runs_four_eyes")),
    )
    op.create_table(
        "payouts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("reference", sa.String(12), nullable=False, unique=True),
        sa.Column("agent_id", sa.Uuid(), sa.ForeignKey("agents.id"), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("destination", _enum("payout_destination"), nullable=False),
        sa.Column("state", _enum("payout_state"), nullable=False),
        sa.Column("run_id", sa.Uuid(), sa.ForeignKey("payout_runs.id")),
        sa.Column("bank_account", sa.LargeBinary()),
        sa.Column("bank_label", sa.String(80), nullable=False),
        sa.Column("idempotency_key", sa.String(64), nullable=False),
        sa.Column("requested_by_name", sa.String(200), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bank_reference", sa.String(60)),
        sa.Column("paid_on", sa.Date()),
        sa.Column("refusal", sa.String(300)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("agent_id", "idempotency_key", name=op.f("uq_payouts_agent_id_idempotency_key")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payouts_amount_positive")),
        sa.CheckConstraint(
            "(destination = 'bank') = (bank_account IS NOT NULL)", name=op.f("ck_payouts_bank_has_account")
        ),
    )
    op.create_index("ix_payouts_agent", "payouts", ["agent_id", "id"])
    op.create_index("ix_payouts_state", "payouts", ["state", "id"])
    op.create_index("ix_payouts_run", "payouts", ["run_id"])


def _create_statements() -> None:
    op.create_table(
        "statement_months",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("month_on", sa.Date(), nullable=False, unique=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "statements",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("agent_id", sa.Uuid(), sa.ForeignKey("agents.id"), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pdf_sha256", sa.CHAR(64)),
        sa.Column("xlsx_sha256", sa.CHAR(64)),
        sa.Column("rendered_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("agent_id", "month_on", name=op.f("uq_statements_agent_id_month_on")),
    )
    op.create_index("ix_statements_month", "statements", ["month_on", "id"])


def _enum(name: str) -> ENUM:
    return ENUM(*TYPES[name], name=name, create_type=False)
