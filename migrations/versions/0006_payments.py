"""Payments, the webhook inbox, saved methods and provider accounts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

TYPES = {
    "payment_purpose": ("top_up", "renewal"),
    "payment_state": ("begun", "settled", "held", "declined", "expired", "returned"),
    "payment_channel": ("agent", "website"),
    "provider_refund_state": ("pending", "succeeded", "failed", "replaced"),
    "payment_act": ("begin", "ask", "close", "charge", "refund", "ask_refund"),
    "method": ("card", "paypal", "alipay", "wechat_pay"),
    "surface": ("page", "mobile", "qr"),
    "notice_kind": ("payment", "refund", "dispute", "other"),
}

INSTANT = sa.DateTime(timezone=True)


def _words(name: str) -> postgresql.ENUM:
    return postgresql.ENUM(name=name, create_type=False)


def _actor() -> list[sa.Column]:
    return [
        sa.Column("actor_kind", _words("actor_kind"), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
    ]


def upgrade() -> None:
    for name, words in TYPES.items():
        op.execute(f"CREATE TYPE {name} AS ENUM {words}")
    op.create_table(
        "payment_accounts",
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("credentials", sa.LargeBinary(), nullable=True),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("connected_as", sa.String(length=200), nullable=True),
        sa.Column("tested_at", INSTANT, nullable=True),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_payment_accounts")),
    )
    op.create_table(
        "payment_offers",
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("channel", _words("payment_channel"), nullable=False),
        sa.Column("method", _words("method"), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("currency", "channel", "method", name=op.f("pk_payment_offers")),
    )
    op.create_table(
        "forged_notices",
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("received_on", sa.CHAR(length=10), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "received_on", "why", name=op.f("pk_forged_notices")),
    )
    op.create_table(
        "payment_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("kind", _words("notice_kind"), nullable=False),
        sa.Column("word", sa.String(length=120), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=True),
        sa.Column("provider_id", sa.String(length=255), nullable=True),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("handled_at", INSTANT, nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_notices")),
        sa.UniqueConstraint("provider", "event_id", name=op.f("uq_payment_notices_provider_event_id")),
    )
    op.create_table(
        "saved_methods",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("method", _words("method"), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("expires", sa.String(length=7), nullable=True),
        sa.Column("saved_at", INSTANT, nullable=False),
        sa.Column("removed_at", INSTANT, nullable=True),
        sa.CheckConstraint("(agent_id IS NULL) <> (customer_id IS NULL)", name=op.f("ck_saved_methods_one_owner")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_saved_methods_agent_id_agents")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_saved_methods_customer_id_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_methods")),
        sa.UniqueConstraint("provider", "token_hash", name=op.f("uq_saved_methods_provider_token_hash")),
    )
    for owner in ("agent", "customer"):
        op.create_index(
            f"ix_saved_methods_{owner}",
            "saved_methods",
            [f"{owner}_id"],
            postgresql_where=sa.text(f"{owner}_id IS NOT NULL"),
        )
    _create_payments()
    op.create_table(
        "payment_calls",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("act", _words("payment_act"), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("outcome", sa.String(length=120), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_payment_calls_payment_id_payments")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_calls")),
    )
    op.create_index("ix_payment_calls_payment", "payment_calls", ["payment_id", "id"])
    op.create_table(
        "provider_refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("state", _words("provider_refund_state"), nullable=False),
        sa.Column("provider_id", sa.String(length=255), nullable=True),
        sa.Column("failure_code", sa.String(length=120), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        *_actor(),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_provider_refunds_amount_positive")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_provider_refunds_payment_id_payments")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_refunds")),
        sa.UniqueConstraint("reference", name=op.f("uq_provider_refunds_reference")),
    )
    op.create_index("ix_provider_refunds_payment", "provider_refunds", ["payment_id"])
    op.create_index("ix_provider_refunds_state", "provider_refunds", ["state", "id"])
    op.create_index("ix_provider_refunds_subject", "provider_refunds", ["subject_id"])
    for table in ("payments", "provider_refunds"):
        op.execute(
            f"""
            CREATE TRIGGER {table}_never_deleted BEFORE DELETE OR TRUNCATE OR UPDATE OF id ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_deletion()
            """
        )
    _let_top_ups_come_from_payments()


def _create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("purpose", _words("payment_purpose"), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("method", _words("method"), nullable=False),
        sa.Column("surface", _words("surface"), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("provider_id", sa.String(length=255), nullable=True),
        sa.Column("capture_id", sa.String(length=255), nullable=True),
        sa.Column("saved_method_id", sa.Uuid(), nullable=True),
        sa.Column("is_to_be_saved", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("settled_currency", sa.CHAR(length=3), nullable=True),
        sa.Column("settled_minor", sa.BigInteger(), nullable=True),
        sa.Column("fee_currency", sa.CHAR(length=3), nullable=True),
        sa.Column("fee_minor", sa.BigInteger(), nullable=True),
        sa.Column("state", _words("payment_state"), nullable=False),
        sa.Column("decline_code", sa.String(length=120), nullable=True),
        sa.Column("description", sa.String(length=100), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("return_url", sa.String(length=500), nullable=False),
        sa.Column("cancel_url", sa.String(length=500), nullable=False),
        sa.Column("go_to", sa.Text(), nullable=True),
        sa.Column("qr_text", sa.Text(), nullable=True),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("ask_at", INSTANT, nullable=True),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("idempotency_key", sa.String(length=80), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        *_actor(),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payments_amount_positive")),
        sa.CheckConstraint(
            "(settled_minor IS NULL) = (settled_currency IS NULL)", name=op.f("ck_payments_settled_has_currency")
        ),
        sa.CheckConstraint("(fee_minor IS NULL) = (fee_currency IS NULL)", name=op.f("ck_payments_fee_has_currency")),
        sa.CheckConstraint(
            "state NOT IN ('settled', 'held', 'returned') OR settled_minor > 0",
            name=op.f("ck_payments_paid_has_amount"),
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_payments_agent_id_agents")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_payments_customer_id_customers")),
        sa.ForeignKeyConstraint(
            ["saved_method_id"], ["saved_methods.id"], name=op.f("fk_payments_saved_method_id_saved_methods")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("reference", name=op.f("uq_payments_reference")),
        sa.UniqueConstraint("agent_id", "idempotency_key", name=op.f("uq_payments_agent_id_idempotency_key")),
    )
    op.create_index("ix_payments_agent", "payments", ["agent_id", "id"])
    op.create_index("ix_payments_subject", "payments", ["subject_id"])
    op.create_index("ix_payments_state", "payments", ["state", "id"])
    op.create_index("ix_payments_provider_id", "payments", ["provider", "provider_id"])
    op.create_index(
        "ix_payments_capture_id",
        "payments",
        ["provider", "capture_id"],
        postgresql_where=sa.text("capture_id IS NOT NULL"),
    )
    op.create_index("ix_payments_to_ask", "payments", ["ask_at"], postgresql_where=sa.text("ask_at IS NOT NULL"))


def _let_top_ups_come_from_payments() -> None:
    op.add_column("top_ups", sa.Column("payment_id", sa.Uuid(), nullable=True))
    op.alter_column("top_ups", "bank_reference", nullable=True)
    op.alter_column("top_ups", "recorded_by", nullable=True)
    op.create_foreign_key(op.f("fk_top_ups_payment_id_payments"), "top_ups", "payments", ["payment_id"], ["id"])
    op.create_unique_constraint(op.f("uq_top_ups_payment_id"), "top_ups", ["payment_id"])
    op.create_check_constraint(
        op.f("ck_top_ups_by_bank_or_payment"),
        "top_ups",
        "(payment_id IS NULL) = (bank_reference IS NOT NULL) AND (payment_id IS NULL) = (recorded_by IS NOT NULL)",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_top_ups_by_bank_or_payment"), "top_ups", type_="check")
    op.execute("DELETE FROM top_ups WHERE payment_id IS NOT NULL")
    op.drop_column("top_ups", "payment_id")
    op.alter_column("top_ups", "bank_reference", nullable=False)
    op.alter_column("top_ups", "recorded_by", nullable=False)
    for table in ("provider_refunds", "payment_calls", "payments", "saved_methods", "payment_notices"):
        op.drop_table(table)
    for table in ("forged_notices", "payment_offers", "payment_accounts"):
        op.drop_table(table)
    for name in TYPES:
        op.execute(f"DROP TYPE {name}")
