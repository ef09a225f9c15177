"""Commission rules and tiers as children of a version of terms; parents of agents and what they earn."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

NEVER_CHANGE = ("commission_rules", "commission_tiers")


def upgrade() -> None:
    # It gets more parameters, and would otherwise stand beside the new one; each upgrade writes the functions anew.
    op.execute(
        """
        DO $$ BEGIN
            EXECUTE coalesce(
                (SELECT string_agg('DROP FUNCTION ' || oid::regprocedure, '; ') FROM pg_proc
                 WHERE proname = 'place_renewal' AND pronamespace = 'public'::regnamespace), 'SELECT 1');
        END $$
        """
    )
    _add_parents()
    op.add_column("commission_terms", sa.Column("hold_days", sa.Integer(), nullable=False, server_default="14"))
    op.create_check_constraint(op.f("ck_commission_terms_hold_days"), "commission_terms", "hold_days BETWEEN 0 AND 365")
    op.execute("CREATE TYPE sale_kind AS ENUM ('first', 'again')")
    _create_rules()
    _create_tiers()
    for table in NEVER_CHANGE:
        op.execute(
            f"""
            CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
            """
        )
    _widen_renewals()


def downgrade() -> None:
    op.drop_index("ix_renewals_delivered", table_name="renewals")
    op.drop_index("ix_renewals_parent", table_name="renewals")
    op.drop_constraint(op.f("ck_renewals_override_has_parent"), "renewals")
    op.drop_constraint(op.f("ck_renewals_override"), "renewals")
    for column in ("commission", "override_minor", "parent_agent_id"):
        op.drop_column("renewals", column)
    for table in NEVER_CHANGE:
        op.drop_table(table)
    op.execute("DROP TYPE sale_kind")
    op.drop_constraint(op.f("ck_commission_terms_hold_days"), "commission_terms")
    op.drop_column("commission_terms", "hold_days")
    for name in ("override_rate", "override_has_parent", "not_its_own_parent"):
        op.drop_constraint(op.f(f"ck_agents_{name}"), "agents")
    op.drop_index("ix_agents_parent_id", table_name="agents")
    op.drop_column("agents", "override_bps")
    op.drop_column("agents", "parent_id")


def _add_parents() -> None:
    op.add_column("agents", sa.Column("parent_id", sa.Uuid(), nullable=True))
    op.add_column("agents", sa.Column("override_bps", sa.Integer(), nullable=False, server_default="0"))
    op.create_foreign_key(op.f("fk_agents_parent_id_agents"), "agents", "agents", ["parent_id"], ["id"])
    op.create_index(op.f("ix_agents_parent_id"), "agents", ["parent_id"])
    op.create_check_constraint(op.f("ck_agents_override_rate"), "agents", "override_bps BETWEEN 0 AND 10000")
    op.create_check_constraint(
        op.f("ck_agents_override_has_parent"), "agents", "override_bps = 0 OR parent_id IS NOT NULL"
    )
    op.create_check_constraint(op.f("ck_agents_not_its_own_parent"), "agents", "parent_id <> id")


def _create_rules() -> None:
    conditions = ("terms_id", "plan_id", "region", "term", "sale")
    op.create_table(
        "commission_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("terms_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.Column("region", sa.CHAR(length=2), nullable=True),
        sa.Column("term", postgresql.ENUM(name="term", create_type=False), nullable=True),
        sa.Column("sale", postgresql.ENUM(name="sale_kind", create_type=False), nullable=True),
        sa.Column("fee_bps", sa.Integer(), nullable=True),
        sa.Column("share_bps", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "fee_bps BETWEEN 0 AND 10000 AND share_bps BETWEEN 0 AND 10000", name=op.f("ck_commission_rules_rates")
        ),
        sa.CheckConstraint("num_nonnulls(fee_bps, share_bps) > 0", name=op.f("ck_commission_rules_sets_a_rate")),
        sa.CheckConstraint(
            "num_nonnulls(plan_id, region, term, sale) > 0", name=op.f("ck_commission_rules_has_a_condition")
        ),
        sa.ForeignKeyConstraint(
            ["terms_id"], ["commission_terms.id"], name=op.f("fk_commission_rules_terms_id_commission_terms")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_commission_rules_plan_id_plans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commission_rules")),
        sa.UniqueConstraint(
            *conditions,
            name=op.f("uq_commission_rules_terms_id_plan_id_region_term_sale"),
            postgresql_nulls_not_distinct=True,
        ),
    )


def _create_tiers() -> None:
    op.create_table(
        "commission_tiers",
        sa.Column("terms_id", sa.Uuid(), nullable=False),
        sa.Column("from_minor", sa.BigInteger(), nullable=False),
        sa.Column("extra_bps", sa.Integer(), nullable=False),
        sa.CheckConstraint("from_minor > 0", name=op.f("ck_commission_tiers_from_positive")),
        sa.CheckConstraint("extra_bps BETWEEN 1 AND 10000", name=op.f("ck_commission_tiers_rate")),
        sa.ForeignKeyConstraint(
            ["terms_id"], ["commission_terms.id"], name=op.f("fk_commission_tiers_terms_id_commission_terms")
        ),
        sa.PrimaryKeyConstraint("terms_id", "from_minor", name=op.f("pk_commission_tiers")),
    )


def _widen_renewals() -> None:
    op.add_column("renewals", sa.Column("parent_agent_id", sa.Uuid(), nullable=True))
    op.add_column("renewals", sa.Column("override_minor", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("renewals", sa.Column("commission", postgresql.JSONB(), nullable=True))
    op.create_check_constraint(
        op.f("ck_renewals_override"),
        "renewals",
        "override_minor BETWEEN 0 AND greatest(base_minor - tax_minor - share_minor, 0)",
    )
    op.create_check_constraint(
        op.f("ck_renewals_override_has_parent"), "renewals", "override_minor = 0 OR parent_agent_id IS NOT NULL"
    )
    # Neither has a row to write when an order is placed: the first wants a parent, the second a delivery.
    op.create_index(
        "ix_renewals_parent",
        "renewals",
        ["parent_agent_id", "id"],
        postgresql_where=sa.text("parent_agent_id IS NOT NULL"),
    )
    op.create_index(
        "ix_renewals_delivered",
        "renewals",
        ["agent_id", "currency", "delivered_at"],
        postgresql_where=sa.text("delivered_at IS NOT NULL"),
    )
