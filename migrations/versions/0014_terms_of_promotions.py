"""What a promotion gives never changes: quotes and processes keep it; only its uses and its end are written."""

from alembic import op

revision = "0014"
down_revision = "0013"

TERMS = (
    "name, banner_en, banner_zh, is_automatic, bearer, kind, currency, bps, cap_minor, amount_minor, "
    "priced_as_plan_id, starts_at, ends_at, plan_ids, regions, agent_ids, is_first_time_only, least_price_minor, "
    "total_limit, per_customer_limit, created_at"
)


def upgrade() -> None:
    op.execute(
        f"""
        CREATE TRIGGER promotions_terms_stand BEFORE UPDATE OF {TERMS} ON promotions
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER promotions_terms_stand ON promotions")
