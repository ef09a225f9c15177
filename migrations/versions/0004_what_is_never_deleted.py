"""Rows that are never deleted: triggers say so, and the busiest tables need no foreign keys to them any more.

A foreign key locks the row it leads to, in every order: all orders of a plan, an agent or a currency then meet on the
same few rows. The functions that write these tables take the ids from the rows themselves, in the same statement.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

NEVER_DELETED = (
    "agents",
    "customers",
    "cards",
    "plans",
    "plan_versions",
    "commission_terms",
    "ledger_accounts",
    "renewals",
)

FOREIGN_KEYS = (
    ("renewals", "agent_id", "agents", ("agent_id",), ("id",)),
    ("renewals", "customer_id", "customers", ("customer_id",), ("id",)),
    ("renewals", "card_id", "cards", ("card_id",), ("id",)),
    ("renewals", "plan_version_id", "plan_versions", ("plan_version_id",), ("id",)),
    ("renewals", "terms_id", "commission_terms", ("terms_id",), ("id",)),
    (
        "ledger_transfers",
        "debit_account_id_currency",
        "ledger_accounts",
        ("debit_account_id", "currency"),
        ("id", "currency"),
    ),
    (
        "ledger_transfers",
        "credit_account_id_currency",
        "ledger_accounts",
        ("credit_account_id", "currency"),
        ("id", "currency"),
    ),
    ("ledger_transfers", "entry_id", "ledger_entries", ("entry_id",), ("id",)),
    ("renewal_events", "renewal_id", "renewals", ("renewal_id",), ("id",)),
)


def upgrade() -> None:
    op.execute(
        """
        CREATE FUNCTION refuse_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'a row of % is never deleted, nor its id changed', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    for table in NEVER_DELETED:
        op.execute(
            f"""
            CREATE TRIGGER {table}_never_deleted BEFORE DELETE OR TRUNCATE OR UPDATE OF id ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_deletion()
            """
        )
    for table, columns, other, _, _ in FOREIGN_KEYS:
        op.drop_constraint(op.f(f"fk_{table}_{columns}_{other}"), table, type_="foreignkey")


def downgrade() -> None:
    for table, columns, other, own, theirs in FOREIGN_KEYS:
        op.create_foreign_key(op.f(f"fk_{table}_{columns}_{other}"), table, other, list(own), list(theirs))
    for table in NEVER_DELETED:
        op.execute(f"DROP TRIGGER {table}_never_deleted ON {table}")
    op.execute("DROP FUNCTION refuse_deletion()")
