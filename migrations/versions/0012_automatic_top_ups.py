"""Thresholds of wallets and automatic top-ups."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ENUM

revision = "0012"
down_revision = "0011"

TYPES = {
    "top_up_pause": ("declines", "card_gone"),
    "top_up_rest": ("day_is_full", "declined", "owner_wanted", "not_reached"),
    "top_up_attempt_state": (
        "open",
        "paid",
        "declined",
        "owner_wanted",
        "not_reached",
        "returned",
        "dropped",
    ),
}


def upgrade() -> None:
    for name, words in TYPES.items():
        op.execute(f"CREATE TYPE {name} AS ENUM {words}")
    _create_thresholds()
    _create_automatic_top_ups()
    _create_attempts()


def downgrade() -> None:
    for table in ("top_up_attempts", "automatic_top_ups", "wallet_thresholds"):
        op.drop_table(table)
    for name in TYPES:
        op.execute(f"DROP TYPE {name}")


def _create_thresholds() -> None:
    op.create_table(
        "wallet_thresholds",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("agent_id", sa.Uuid(), sa.ForeignKey("agents.id"), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("threshold_minor", sa.BigInteger(), nullable=False),
        sa.Column("fallen_at", sa.DateTime(timezone=True)),
        sa.Column("warned_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("agent_id", "currency", name=op.f("uq_wallet_thresholds_agent_id_currency")),
        sa.CheckConstraint("threshold_minor > 0", name=op.f("ck_wallet_thresholds_threshold_positive")),
    )


def _create_automatic_top_ups() -> None:
    op.create_table(
        "automatic_top_ups",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("agent_id", sa.Uuid(), sa.ForeignKey("agents.id"), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("saved_method_id", sa.Uuid(), sa.ForeignKey("saved_methods.id"), nullable=False),
        sa.Column("threshold_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("most_a_day", sa.Integer(), nullable=False),
        sa.Column("most_minor_a_day", sa.BigInteger(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consented_by", sa.Uuid(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("consented_by_name", sa.String(200), nullable=False),
        sa.Column("description", sa.String(100), nullable=False),
        sa.Column("language", sa.String(5), nullable=False),
        sa.Column("declines_in_row", sa.Integer(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True)),
        sa.Column("pause", _enum("top_up_pause")),
        sa.Column("rests_until", sa.DateTime(timezone=True)),
        sa.Column("rest", _enum("top_up_rest")),
        sa.UniqueConstraint("agent_id", "currency", name=op.f("uq_automatic_top_ups_agent_id_currency")),
        sa.CheckConstraint("threshold_minor > 0", name=op.f("ck_automatic_top_ups_threshold_positive")),
        sa.CheckConstraint(
            "amount_minor >= threshold_minor", name=op.f("ck_automatic_top_ups_amount_ends_the_shortage")
        ),
        sa.CheckConstraint(
            "most_a_day > 0 AND most_minor_a_day >= amount_minor",
            name=op.f("ck_automatic_top_ups_most_a_day_allows_one"),
        ),
        sa.CheckConstraint("(paused_at IS NULL) = (pause IS NULL)", name=op.f("ck_automatic_top_ups_pause_has_reason")),
        sa.CheckConstraint("(rests_until IS NULL) = (rest IS NULL)", name=op.f("ck_automatic_top_ups_rest_has_reason")),
    )


def _create_attempts() -> None:
    op.create_table(
        "top_up_attempts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("automatic_top_up_id", sa.Uuid(), sa.ForeignKey("automatic_top_ups.id"), nullable=False),
        sa.Column("saved_method_id", sa.Uuid(), sa.ForeignKey("saved_methods.id"), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", _enum("top_up_attempt_state"), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_top_up_attempts_amount_positive")),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_top_up_attempts_ended_has_time")),
    )
    op.create_index("ix_top_up_attempts_automatic", "top_up_attempts", ["automatic_top_up_id", "id"])
    op.create_index(
        "uq_top_up_attempts_open",
        "top_up_attempts",
        ["automatic_top_up_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )


def _enum(name: str) -> ENUM:
    return ENUM(*TYPES[name], name=name, create_type=False)
