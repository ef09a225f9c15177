"""Words from short lists become enumerated types: a CHECK over them was read anew for every row that is written."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TYPES = {
    "actor_kind": ("user", "customer", "visitor", "worker"),
    "agent_status": ("pending", "verified", "suspended"),
    "attempt_act": ("submit", "look_up"),
    "card_state": ("active", "suspended", "removed"),
    "channel": ("agent", "website", "app", "automatic"),
    "export_format": ("csv", "xlsx"),
    "paper_language": ("both", "zh", "en"),
    "renewal_state": (
        "awaiting_payment",
        "paid",
        "submitting",
        "unknown",
        "delivered",
        "refused",
        "returned",
        "cancelled",
        "refunding",
        "partly_refunded",
        "refunded",
    ),
    "role": ("admin", "finance", "auditor", "agent_owner", "agent_clerk"),
    "side": ("asset", "expense", "liability", "income"),
    "term": ("short", "long"),
}

COLUMNS = (
    ("agents", "status", "agent_status"),
    ("audit_log", "actor_kind", "actor_kind"),
    ("cards", "state", "card_state"),
    ("carrier_attempts", "act", "attempt_act"),
    ("customers", "receipt_language", "paper_language"),
    ("exports", "format", "export_format"),
    ("ledger_accounts", "side", "side"),
    ("plan_versions", "term", "term"),
    ("renewal_events", "actor_kind", "actor_kind"),
    ("renewal_events", "state", "renewal_state"),
    ("renewals", "channel", "channel"),
    ("renewals", "state", "renewal_state"),
    ("users", "role", "role"),
)


def upgrade() -> None:
    _drop_what_reads_words()
    for name, words in TYPES.items():
        op.execute(f"CREATE TYPE {name} AS ENUM {words}")
    for table, column, name in COLUMNS:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name.replace('_', '')}")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {name} USING {column}::{name}")
    op.execute("ALTER TABLE customers ALTER COLUMN receipt_language SET DEFAULT 'both'")
    _create_what_reads_words()


def downgrade() -> None:
    _drop_what_reads_words()
    for table, column, name in COLUMNS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar(30)")
        op.create_check_constraint(op.f(f"ck_{table}_{name.replace('_', '')}"), table, f"{column} IN {TYPES[name]}")
    op.execute("ALTER TABLE customers ALTER COLUMN receipt_language SET DEFAULT 'both'")
    for name in TYPES:
        op.execute(f"DROP TYPE {name}")
    _create_what_reads_words()


def _drop_what_reads_words() -> None:
    op.drop_index("uq_cards_registered_iccid", table_name="cards")
    op.drop_constraint(op.f("ck_ledger_accounts_guarded_has_balance"), "ledger_accounts")
    op.drop_constraint(op.f("ck_users_agent_roles_have_an_agent"), "users")


def _create_what_reads_words() -> None:
    op.create_index(
        "uq_cards_registered_iccid", "cards", ["iccid"], unique=True, postgresql_where=sa.text("state <> 'removed'")
    )
    op.create_check_constraint(
        op.f("ck_ledger_accounts_guarded_has_balance"),
        "ledger_accounts",
        "guarded = (balance_minor IS NOT NULL) AND (NOT guarded OR side = 'liability')",
    )
    op.create_check_constraint(
        op.f("ck_users_agent_roles_have_an_agent"),
        "users",
        "(role IN ('agent_owner', 'agent_clerk')) = (agent_id IS NOT NULL)",
    )
