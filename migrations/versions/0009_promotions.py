"""Promotions, their codes, who redeemed them, and which promotion a renewal was sold under."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

KIND = postgresql.ENUM("percent", "fixed", "bonus_data", name="promotion_kind", create_type=False)
BEARER = postgresql.ENUM("operator", "agent", name="promotion_bearer", create_type=False)

FUNCTIONS = (
    "promotion_in_force(uuid, uuid, bigint, bigint, timestamptz)",
    "redeem_promotion(uuid, uuid, text, uuid, uuid, uuid, bigint, bpchar, timestamptz)",
    "give_back_promotion(uuid, timestamptz)",
)


def upgrade() -> None:
    KIND.create(op.get_bind())
    BEARER.create(op.get_bind())
    op.create_table(
        "promotions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("banner_en", sa.String(120), nullable=False),
        sa.Column("banner_zh", sa.String(120), nullable=False),
        sa.Column("is_automatic", sa.Boolean(), nullable=False),
        sa.Column("bearer", BEARER, nullable=False),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("bps", sa.Integer(), nullable=False),
        sa.Column("cap_minor", sa.BigInteger(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("priced_as_plan_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("plan_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("regions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("agent_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("is_first_time_only", sa.Boolean(), nullable=False),
        sa.Column("least_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_limit", sa.Integer(), nullable=True),
        sa.Column("per_customer_limit", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "CASE kind WHEN 'percent' THEN bps BETWEEN 1 AND 10000 AND amount_minor = 0"
            " WHEN 'fixed' THEN amount_minor > 0 AND bps = 0 AND cap_minor IS NULL"
            " ELSE priced_as_plan_id IS NOT NULL AND cardinality(plan_ids) = 1 AND bps = 0 AND amount_minor = 0 END",
            name=op.f("ck_promotions_gives"),
        ),
        sa.CheckConstraint("kind = 'bonus_data' OR priced_as_plan_id IS NULL", name=op.f("ck_promotions_priced_as")),
        sa.CheckConstraint(
            "bearer = 'operator' OR cardinality(agent_ids) > 0", name=op.f("ck_promotions_agents_that_bear")
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_promotions_window")),
        sa.CheckConstraint("cap_minor > 0 AND least_price_minor >= 0", name=op.f("ck_promotions_amounts")),
        sa.CheckConstraint("total_limit > 0 AND per_customer_limit > 0", name=op.f("ck_promotions_limits")),
        sa.CheckConstraint("used BETWEEN 0 AND coalesce(total_limit, 0)", name=op.f("ck_promotions_within_limit")),
        sa.ForeignKeyConstraint(
            ["priced_as_plan_id"], ["plans.id"], name=op.f("fk_promotions_priced_as_plan_id_plans")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotions")),
    )
    op.create_index(
        "ix_promotions_automatic",
        "promotions",
        ["starts_at"],
        postgresql_where=sa.text("is_automatic AND ended_at IS NULL"),
    )
    op.create_table(
        "promotion_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("promotion_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(24), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Z0-9]{4,24}$'", name=op.f("ck_promotion_codes_signs")),
        sa.CheckConstraint("max_uses > 0", name=op.f("ck_promotion_codes_max_uses")),
        sa.CheckConstraint("used BETWEEN 0 AND coalesce(max_uses, 0)", name=op.f("ck_promotion_codes_within_limit")),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_promotion_codes_promotion_id_promotions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_codes")),
        sa.UniqueConstraint("code", name=op.f("uq_promotion_codes_code")),
    )
    op.create_index("ix_promotion_codes_promotion", "promotion_codes", ["promotion_id", "id"])
    op.create_table(
        "promotion_customers",
        sa.Column("promotion_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.CheckConstraint("used BETWEEN 0 AND most", name=op.f("ck_promotion_customers_within_limit")),
        sa.PrimaryKeyConstraint("promotion_id", "customer_id", name=op.f("pk_promotion_customers")),
    )
    op.create_table(
        "promotion_redemptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("promotion_id", sa.Uuid(), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=True),
        sa.Column("renewal_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("discount_minor > 0", name=op.f("ck_promotion_redemptions_discount_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_redemptions")),
        sa.UniqueConstraint("renewal_id", name=op.f("uq_promotion_redemptions_renewal_id")),
    )
    op.create_index("ix_promotion_redemptions_promotion", "promotion_redemptions", ["promotion_id", "id"])
    for table in ("promotions", "promotion_codes"):
        op.execute(
            f"""
            CREATE TRIGGER {table}_never_deleted BEFORE DELETE OR TRUNCATE OR UPDATE OF id ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_deletion()
            """
        )
    op.add_column("renewals", sa.Column("promotion_id", sa.Uuid(), nullable=True))
    op.add_column("renewals", sa.Column("promotion_code", sa.String(24), nullable=True))
    op.add_column("renewals", sa.Column("promotion_bearer", BEARER, nullable=True))
    _drop_placing()  # it takes the promotion as well now


def downgrade() -> None:
    _drop_placing()
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION IF EXISTS {function}")
    for column in ("promotion_bearer", "promotion_code", "promotion_id"):
        op.drop_column("renewals", column)
    for table in ("promotion_redemptions", "promotion_customers", "promotion_codes", "promotions"):
        op.drop_table(table)
    op.execute("DROP TYPE promotion_bearer")
    op.execute("DROP TYPE promotion_kind")


def _drop_placing() -> None:
    # A function with other parameters would be another function beside it.
    op.execute(
        """
        DO $$
        DECLARE
            standing regprocedure;
        BEGIN
            FOR standing IN SELECT oid FROM pg_proc WHERE proname = 'place_renewal' LOOP
                EXECUTE format('DROP FUNCTION %s', standing);
            END LOOP;
        END $$
        """
    )
