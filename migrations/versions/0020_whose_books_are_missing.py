"""Since when others' books cannot be had, and since when they are asked for no more.

Who opened a difference again is kept with it, and what is proposed for one may lapse.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("ALTER TYPE mend_state ADD VALUE 'lapsed'")
    op.add_column("report_sources", sa.Column("first_failed_at", INSTANT, nullable=True))
    op.add_column("report_sources", sa.Column("switched_off_at", INSTANT, nullable=True))
    # The first failure was not written down; the last time that they were here is the nearest instant that is known.
    op.execute("UPDATE report_sources SET first_failed_at = coalesce(fetched_at, now()) WHERE failure IS NOT NULL")
    op.create_check_constraint(
        op.f("ck_report_sources_failure_has_day"),
        "report_sources",
        "(failure IS NULL) = (first_failed_at IS NULL)",
    )
    op.add_column("differences", sa.Column("reopened_by_name", sa.String(length=200), nullable=True))
    op.add_column("differences", sa.Column("reopened_at", INSTANT, nullable=True))


def downgrade() -> None:
    # The enumerated type keeps its new member: PostgreSQL takes none away. Before, such an entry was refused by hand.
    op.execute("UPDATE mends SET state = 'refused' WHERE state = 'lapsed'")
    op.drop_column("differences", "reopened_at")
    op.drop_column("differences", "reopened_by_name")
    op.drop_constraint(op.f("ck_report_sources_failure_has_day"), "report_sources")
    op.drop_column("report_sources", "switched_off_at")
    op.drop_column("report_sources", "first_failed_at")
