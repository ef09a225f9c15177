"""Reconciliation: what others' books say, how they compare with ours, every difference, and the entries that mend one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"

TYPES = {
    "source_kind": ("provider", "carrier", "bank"),
    "report_line_kind": (
        "payment",
        "refund",
        "dispute",
        "dispute_reversal",
        "fee",
        "payout",
        "other",
        "cost",
        "arrival",
    ),
    "difference_kind": (
        "unknown_payment",
        "missing_here",
        "missing_there",
        "other_amount",
        "held_payment",
        "return_under_way",
        "refund_under_way",
        "unknown_refund",
        "other_dispute",
        "dispute_fee",
        "fee_not_booked",
        "payout_not_at_bank",
        "payout_other_amount",
        "unknown_arrival",
        "changed_line",
        "unknown_line",
    ),
    "difference_state": ("open", "explained", "mended", "gone"),
    "explanation": ("timing", "accepted"),
    "mend_state": ("proposed", "posted", "refused"),
}

INSTANT = sa.DateTime(timezone=True)


def _words(name: str) -> postgresql.ENUM:
    return postgresql.ENUM(name=name, create_type=False)


def upgrade() -> None:
    for name, words in TYPES.items():
        op.execute(f"CREATE TYPE {name} AS ENUM {words}")
    _create_sources()
    _create_lines()
    _create_accounts()
    _create_differences()
    _create_mends()
    op.execute(
        """
        CREATE TRIGGER report_lines_append_only
        BEFORE DELETE OR TRUNCATE OR UPDATE OF source_id, kind, line_id, reference, currency, gross_minor, fee_currency,
                                               fee_minor, booked_at ON report_lines
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """
    )


def downgrade() -> None:
    for table in ("mends", "differences", "reconciled_accounts", "report_lines", "report_sources"):
        op.drop_table(table)
    for name in TYPES:
        op.execute(f"DROP TYPE {name}")


def _create_sources() -> None:
    op.create_table(
        "report_sources",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", _words("source_kind"), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("next_at", INSTANT, nullable=True),
        sa.Column("fetched_until", INSTANT, nullable=True),
        sa.Column("fetched_at", INSTANT, nullable=True),
        sa.Column("failure", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_sources")),
        sa.UniqueConstraint("kind", "name", name=op.f("uq_report_sources_kind_name")),
    )
    op.create_index("ix_report_sources_next", "report_sources", ["next_at"])


def _create_lines() -> None:
    op.create_table(
        "report_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("kind", _words("report_line_kind"), nullable=False),
        sa.Column("line_id", sa.String(length=255), nullable=False),
        sa.Column("reference", sa.String(length=255), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_currency", sa.CHAR(length=3), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("booked_at", INSTANT, nullable=False),
        sa.Column("payout_id", sa.String(length=255), nullable=True),
        sa.Column("fetched_at", INSTANT, nullable=False),
        sa.Column("matched_at", INSTANT, nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("renewal_id", sa.Uuid(), nullable=True),
        sa.Column("fee_booked_at", INSTANT, nullable=True),
        sa.Column("changed_at", INSTANT, nullable=True),
        sa.Column("changed", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_report_lines_payment_id_payments")),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["provider_refunds.id"], name=op.f("fk_report_lines_refund_id_provider_refunds")
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["report_sources.id"], name=op.f("fk_report_lines_source_id_report_sources")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_lines")),
        sa.UniqueConstraint("source_id", "kind", "line_id", name=op.f("uq_report_lines_source_id_kind_line_id")),
    )
    op.create_index("ix_report_lines_booked", "report_lines", ["source_id", "booked_at"])
    op.create_index(
        "ix_report_lines_fees",
        "report_lines",
        ["source_id", "id"],
        postgresql_where=sa.text("fee_booked_at IS NULL AND fee_minor <> 0"),
    )
    op.create_index(
        "ix_report_lines_payment", "report_lines", ["payment_id"], postgresql_where=sa.text("payment_id IS NOT NULL")
    )
    op.create_index(
        "ix_report_lines_payout",
        "report_lines",
        ["source_id", "payout_id"],
        postgresql_where=sa.text("payout_id IS NOT NULL"),
    )
    op.create_index(
        "ix_report_lines_refund", "report_lines", ["refund_id"], postgresql_where=sa.text("refund_id IS NOT NULL")
    )
    op.create_index(
        "ix_report_lines_renewal", "report_lines", ["renewal_id"], postgresql_where=sa.text("renewal_id IS NOT NULL")
    )
    op.create_index(
        "ix_report_lines_unmatched", "report_lines", ["source_id", "id"], postgresql_where=sa.text("matched_at IS NULL")
    )
    op.create_index(
        "uq_report_lines_arrival",
        "report_lines",
        ["source_id", "payout_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'arrival' AND payout_id IS NOT NULL"),
    )


def _create_accounts() -> None:
    op.create_table(
        "reconciled_accounts",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("theirs_minor", sa.BigInteger(), nullable=False),
        sa.Column("ours_minor", sa.BigInteger(), nullable=False),
        sa.Column("young_minor", sa.BigInteger(), nullable=False),
        sa.Column("compared_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["report_sources.id"], name=op.f("fk_reconciled_accounts_source_id_report_sources")
        ),
        sa.PrimaryKeyConstraint("source_id", "currency", name=op.f("pk_reconciled_accounts")),
    )


def _create_differences() -> None:
    op.create_table(
        "differences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("kind", _words("difference_kind"), nullable=False),
        sa.Column("reference", sa.String(length=255), nullable=False),
        sa.Column("theirs_minor", sa.BigInteger(), nullable=False),
        sa.Column("ours_minor", sa.BigInteger(), nullable=False),
        sa.Column("arisen_at", INSTANT, nullable=False),
        sa.Column("found_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("state", _words("difference_state"), nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("explanation", _words("explanation"), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("explained_by_name", sa.String(length=200), nullable=True),
        sa.Column("explained_at", INSTANT, nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("renewal_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(state = 'explained') = (explanation IS NOT NULL)", name=op.f("ck_differences_explained_has_explanation")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_differences_payment_id_payments")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["report_sources.id"], name=op.f("fk_differences_source_id_report_sources")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_differences")),
        sa.UniqueConstraint("source_id", "key", "currency", name=op.f("uq_differences_source_id_key_currency")),
    )
    op.create_index("ix_differences_state", "differences", ["source_id", "currency", "state", "arisen_at", "id"])


def _create_mends() -> None:
    op.create_table(
        "mends",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("difference_id", sa.Uuid(), nullable=False),
        sa.Column("counter_account", sa.String(length=80), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("gap_minor", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("state", _words("mend_state"), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_by_name", sa.String(length=200), nullable=False),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_by_name", sa.String(length=200), nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.CheckConstraint("(state = 'proposed') = (decided_at IS NULL)", name=op.f("ck_mends_decided_has_day")),
        sa.CheckConstraint(
            "state <> 'posted' OR coalesce(decided_by <> proposed_by, false)", name=op.f("ck_mends_four_eyes")
        ),
        sa.CheckConstraint("gap_minor <> 0", name=op.f("ck_mends_moves_something")),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_mends_decided_by_users")),
        sa.ForeignKeyConstraint(["difference_id"], ["differences.id"], name=op.f("fk_mends_difference_id_differences")),
        sa.ForeignKeyConstraint(["proposed_by"], ["users.id"], name=op.f("fk_mends_proposed_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mends")),
    )
    op.create_index("ix_mends_difference", "mends", ["difference_id"])
    op.create_index(
        "uq_mends_proposed", "mends", ["difference_id"], unique=True, postgresql_where=sa.text("state = 'proposed'")
    )
