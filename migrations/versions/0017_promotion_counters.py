"""A promotion's total limit is spread over several counters, so that orders seldom wait for one another."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

COUNTERS = 16


def upgrade() -> None:
    op.create_table(
        "promotion_counters",
        sa.Column("promotion_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.CheckConstraint("used BETWEEN 0 AND most", name=op.f("ck_promotion_counters_within_limit")),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_promotion_counters_promotion_id_promotions")
        ),
        sa.PrimaryKeyConstraint("promotion_id", "number", name=op.f("pk_promotion_counters")),
    )
    op.add_column("promotion_redemptions", sa.Column("counter", sa.SmallInteger(), nullable=True))
    # What was used so far stays together on counter 0; what is left is spread.
    op.execute(
        f"""
        INSERT INTO promotion_counters (promotion_id, number, most, used)
        SELECT id, 0, used, used FROM promotions WHERE used > 0
        UNION ALL
        SELECT id, number, unused / counters + (number <= unused % counters)::integer, 0
        FROM (
            SELECT id, total_limit - used AS unused, least(total_limit - used, {COUNTERS}) AS counters
            FROM promotions WHERE total_limit > used
        ) spread
        CROSS JOIN generate_series(1, counters) number
        """
    )
    op.execute(
        """
        UPDATE promotion_redemptions SET counter = 0
        FROM promotions WHERE promotions.id = promotion_id AND total_limit IS NOT NULL AND given_back_at IS NULL
        """
    )
    op.drop_constraint(op.f("ck_promotions_within_limit"), "promotions")
    op.drop_column("promotions", "used")


def downgrade() -> None:
    op.add_column("promotions", sa.Column("used", sa.Integer(), nullable=True))
    op.execute(
        """
        UPDATE promotions SET used = coalesce(
            (SELECT sum(used) FROM promotion_counters WHERE promotion_id = promotions.id), 0)
        """
    )
    op.alter_column("promotions", "used", nullable=False)
    op.create_check_constraint(
        op.f("ck_promotions_within_limit"), "promotions", "used BETWEEN 0 AND coalesce(total_limit, 0)"
    )
    op.drop_column("promotion_redemptions", "counter")
    op.drop_table("promotion_counters")
