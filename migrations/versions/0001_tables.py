"""Every table, as the models describe them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "agents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("licence_number", sa.String(length=60), nullable=False),
        sa.Column("contact_name", sa.String(length=120), nullable=False),
        sa.Column("contact_email", sa.String(length=254), nullable=False),
        sa.Column("contact_phone", sa.String(length=20), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "verified",
                "suspended",
                name="agentstatus",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
        sa.UniqueConstraint("licence_number", name=op.f("uq_agents_licence_number")),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "actor_kind",
            sa.Enum(
                "user",
                "customer",
                "visitor",
                "worker",
                name="actorkind",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("act", sa.String(length=60), nullable=False),
        sa.Column("subject_kind", sa.String(length=30), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_act", "audit_log", ["act", "id"], unique=False)
    op.create_index("ix_audit_log_actor", "audit_log", ["actor_id", "id"], unique=False)
    op.create_index("ix_audit_log_subject", "audit_log", ["subject_id", "id"], unique=False)
    op.create_table(
        "audit_seals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_seals")),
        sa.UniqueConstraint("last_id", name=op.f("uq_audit_seals_last_id")),
    )
    op.create_table(
        "catalogue_imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("brought_by", sa.Uuid(), nullable=False),
        sa.Column("brought_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("csv_text", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_imports")),
    )
    op.create_table(
        "ledger_accounts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column(
            "side",
            sa.Enum(
                "asset",
                "expense",
                "liability",
                "income",
                name="side",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("guarded", sa.Boolean(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=True),
        sa.Column("credit_limit_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "guarded = (balance_minor IS NOT NULL) AND (NOT guarded OR side = 'liability')",
            name=op.f("ck_ledger_accounts_guarded_has_balance"),
        ),
        sa.CheckConstraint("balance_minor >= -credit_limit_minor", name=op.f("ck_ledger_accounts_covered")),
        sa.CheckConstraint("credit_limit_minor >= 0", name=op.f("ck_ledger_accounts_credit_limit_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_accounts")),
        sa.UniqueConstraint("id", "currency", name=op.f("uq_ledger_accounts_id_currency")),
        sa.UniqueConstraint("name", "currency", name=op.f("uq_ledger_accounts_name_currency")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_index(
        "ix_ledger_accounts_owner",
        "ledger_accounts",
        ["owner_id"],
        unique=False,
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("subject_kind", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_entries_key")),
    )
    op.create_index("ix_ledger_entries_subject", "ledger_entries", ["subject_id"], unique=False)
    op.create_table(
        "mails",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.String(length=20), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("server_answer", sa.String(length=300), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
    )
    op.create_index("ix_mails_subject", "mails", ["subject_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_given_up", "outbox", ["id"], unique=False, postgresql_where=sa.text("given_up_at IS NOT NULL")
    )
    op.create_index("ix_outbox_subject", "outbox", ["subject_id"], unique=False)
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL AND given_up_at IS NULL"),
    )
    op.create_table(
        "plans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        sa.UniqueConstraint("code", name=op.f("uq_plans_code")),
    )
    op.create_table(
        "receipt_counters",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_serial", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_receipt_counters")),
    )
    op.create_table(
        "sign_in_codes",
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("email", name=op.f("pk_sign_in_codes")),
    )
    op.create_table(
        "spent_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spent_links")),
    )
    op.create_index(op.f("ix_spent_links_expires_at"), "spent_links", ["expires_at"], unique=False)
    op.create_table(
        "commission_terms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("fee_bps", sa.Integer(), nullable=False),
        sa.Column("fee_fixed_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_min_minor", sa.BigInteger(), nullable=True),
        sa.Column("fee_max_minor", sa.BigInteger(), nullable=True),
        sa.Column("share_bps", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "fee_bps BETWEEN 0 AND 10000 AND share_bps BETWEEN 0 AND 10000", name=op.f("ck_commission_terms_rates")
        ),
        sa.CheckConstraint(
            "fee_fixed_minor >= 0 AND fee_min_minor >= 0 AND fee_max_minor >= coalesce(fee_min_minor, 0)",
            name=op.f("ck_commission_terms_bounds"),
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_commission_terms_agent_id_agents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commission_terms")),
        sa.UniqueConstraint(
            "agent_id",
            "currency",
            "version",
            name=op.f("uq_commission_terms_agent_id_currency_version"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "uq_commission_terms_current",
        "commission_terms",
        ["agent_id", "currency"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("email IS NOT NULL OR phone IS NOT NULL", name=op.f("ck_customers_reachable")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_customers_agent_id_agents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
    )
    op.create_index("ix_customers_email", "customers", [sa.literal_column("lower(email)")], unique=False)
    op.create_index(
        "ix_customers_name",
        "customers",
        [sa.literal_column("lower(name)").label("lowered_name")],
        unique=False,
        postgresql_ops={"lowered_name": "text_pattern_ops"},
    )
    op.create_index(
        "uq_customers_agent_email", "customers", ["agent_id", sa.literal_column("lower(email)")], unique=True
    )
    op.create_index("uq_customers_agent_phone", "customers", ["agent_id", "phone"], unique=True)
    op.create_table(
        "ledger_snapshots",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("last_transfer_id", sa.BigInteger(), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("debits_minor", sa.BigInteger(), nullable=False),
        sa.Column("credits_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_accounts.id"], name=op.f("fk_ledger_snapshots_account_id_ledger_accounts")
        ),
        sa.PrimaryKeyConstraint("account_id", "last_transfer_id", name=op.f("pk_ledger_snapshots")),
    )
    op.create_table(
        "ledger_transfers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("subject_kind", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("debit_account_id", sa.BigInteger(), nullable=False),
        sa.Column("credit_account_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("debit_balance_minor", sa.BigInteger(), nullable=True),
        sa.Column("credit_balance_minor", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_ledger_transfers_amount_positive")),
        sa.CheckConstraint("debit_account_id <> credit_account_id", name=op.f("ck_ledger_transfers_two_accounts")),
        sa.ForeignKeyConstraint(
            ["credit_account_id", "currency"],
            ["ledger_accounts.id", "ledger_accounts.currency"],
            name=op.f("fk_ledger_transfers_credit_account_id_currency_ledger_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["debit_account_id", "currency"],
            ["ledger_accounts.id", "ledger_accounts.currency"],
            name=op.f("fk_ledger_transfers_debit_account_id_currency_ledger_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entries.id"], name=op.f("fk_ledger_transfers_entry_id_ledger_entries")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["ledger_transfers.id"], name=op.f("fk_ledger_transfers_reverses_id_ledger_transfers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transfers")),
    )
    op.create_index("ix_ledger_transfers_credit", "ledger_transfers", ["credit_account_id", "id"], unique=False)
    op.create_index("ix_ledger_transfers_debit", "ledger_transfers", ["debit_account_id", "id"], unique=False)
    op.create_index("ix_ledger_transfers_entry", "ledger_transfers", ["entry_id"], unique=False)
    op.create_index(
        "uq_ledger_transfers_reverses",
        "ledger_transfers",
        ["reverses_id"],
        unique=True,
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
    )
    op.create_table(
        "plan_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("carrier", sa.String(length=40), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("data_mb", sa.Integer(), nullable=True),
        sa.Column("validity_days", sa.Integer(), nullable=False),
        sa.Column("regions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "term",
            sa.Enum("short", "long", name="term", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("tax_bps", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("data_mb > 0", name=op.f("ck_plan_versions_data_positive")),
        sa.CheckConstraint("price_minor >= 0 AND cost_minor >= 0", name=op.f("ck_plan_versions_prices_not_negative")),
        sa.CheckConstraint("tax_bps BETWEEN 0 AND 10000", name=op.f("ck_plan_versions_tax_bps")),
        sa.CheckConstraint("validity_days BETWEEN 1 AND 3650", name=op.f("ck_plan_versions_validity_days")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_versions_plan_id_plans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_versions")),
        sa.UniqueConstraint("plan_id", "version", name=op.f("uq_plan_versions_plan_id_version")),
    )
    op.create_index(
        "uq_plan_versions_current",
        "plan_versions",
        ["plan_id"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "admin",
                "finance",
                "auditor",
                "agent_owner",
                "agent_clerk",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("locale", sa.String(length=5), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(role IN ('agent_owner', 'agent_clerk')) = (agent_id IS NOT NULL)",
            name=op.f("ck_users_agent_roles_have_an_agent"),
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_users_agent_id_agents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index(op.f("ix_users_agent_id"), "users", ["agent_id"], unique=False)
    op.create_index("uq_users_email", "users", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "cards",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("iccid", sa.String(length=20), nullable=False),
        sa.Column("msisdn", sa.String(length=20), nullable=True),
        sa.Column("eid_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("eid_hash", sa.LargeBinary(), nullable=True),
        sa.Column("activation_code_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("activation_code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("carrier", sa.String(length=40), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "active", "suspended", "removed", name="cardstate", native_enum=False, create_constraint=True, length=30
            ),
            nullable=False,
        ),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plan_version_id", sa.Uuid(), nullable=True),
        sa.Column("data_total_mb", sa.Integer(), nullable=True),
        sa.Column("data_left_mb", sa.Integer(), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("usage_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_cards_agent_id_agents")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_cards_customer_id_customers")),
        sa.ForeignKeyConstraint(
            ["plan_version_id"], ["plan_versions.id"], name=op.f("fk_cards_plan_version_id_plan_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cards")),
    )
    op.create_index(
        "ix_cards_activation_code_hash",
        "cards",
        ["activation_code_hash"],
        unique=False,
        postgresql_where=sa.text("activation_code_hash IS NOT NULL"),
    )
    op.create_index("ix_cards_agent", "cards", ["agent_id", "id"], unique=False)
    op.create_index("ix_cards_agent_valid_until", "cards", ["agent_id", "valid_until", "id"], unique=False)
    op.create_index("ix_cards_customer", "cards", ["customer_id"], unique=False)
    op.create_index(
        "ix_cards_eid_hash", "cards", ["eid_hash"], unique=False, postgresql_where=sa.text("eid_hash IS NOT NULL")
    )
    op.create_index("ix_cards_iccid", "cards", ["iccid"], unique=False, postgresql_ops={"iccid": "text_pattern_ops"})
    op.create_index(
        "uq_cards_registered_iccid", "cards", ["iccid"], unique=True, postgresql_where=sa.text("state <> 'removed'")
    )
    op.create_table(
        "exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "format",
            sa.Enum("csv", "xlsx", name="exportformat", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("wanted", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_exports_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_index("ix_exports_user", "exports", ["user_id", "id"], unique=False)
    op.create_table(
        "receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("renewal_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.CHAR(length=64), nullable=False),
        sa.Column("verification_code", sa.String(length=26), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("serial", sa.Integer(), nullable=True),
        sa.Column("file_name", sa.String(length=120), nullable=True),
        sa.Column("file_sha256", sa.CHAR(length=64), nullable=True),
        sa.Column("file_size", sa.Integer(), nullable=True),
        sa.Column("rendered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("render_ms", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(number IS NULL) = (serial IS NULL) AND (year IS NULL) = (serial IS NULL)",
            name=op.f("ck_receipts_numbered"),
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_receipts_agent_id_agents")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_receipts_customer_id_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("number", name=op.f("uq_receipts_number")),
        sa.UniqueConstraint("renewal_id", name=op.f("uq_receipts_renewal_id")),
        sa.UniqueConstraint("verification_code", name=op.f("uq_receipts_verification_code")),
        sa.UniqueConstraint("year", "serial", name=op.f("uq_receipts_year_serial")),
    )
    op.create_index("ix_receipts_customer", "receipts", ["customer_id", "id"], unique=False)
    op.create_index("ix_receipts_sha256", "receipts", ["file_sha256"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("user_agent", sa.String(length=300), nullable=True),
        sa.CheckConstraint(
            "(customer_id IS NULL) = (email IS NULL)", name=op.f("ck_sessions_customers_proved_an_address")
        ),
        sa.CheckConstraint("(user_id IS NULL) <> (customer_id IS NULL)", name=op.f("ck_sessions_belongs_to_one")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_sessions_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_customer_id"), "sessions", ["customer_id"], unique=False)
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "top_ups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=12), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("bank_reference", sa.String(length=60), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_top_ups_amount_positive")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_top_ups_agent_id_agents")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_top_ups_recorded_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_top_ups")),
        sa.UniqueConstraint("bank_reference", name=op.f("uq_top_ups_bank_reference")),
        sa.UniqueConstraint("reference", name=op.f("uq_top_ups_reference")),
    )
    op.create_index("ix_top_ups_agent", "top_ups", ["agent_id", "id"], unique=False)
    op.create_table(
        "renewals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=12), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("plan_version_id", sa.Uuid(), nullable=False),
        sa.Column("terms_id", sa.Uuid(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "agent",
                "website",
                "app",
                "automatic",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
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
                name="renewalstate",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("carrier", sa.String(length=40), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("base_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("share_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("placed_by", sa.Uuid(), nullable=True),
        sa.Column("placed_by_name", sa.String(length=120), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("carrier_confirmation", sa.String(length=80), nullable=True),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("refusal_code", sa.String(length=60), nullable=True),
        sa.Column("refusal_text", sa.String(length=500), nullable=True),
        sa.CheckConstraint("base_minor = price_minor - discount_minor", name=op.f("ck_renewals_base")),
        sa.CheckConstraint("discount_minor BETWEEN 0 AND price_minor", name=op.f("ck_renewals_discount")),
        sa.CheckConstraint(
            "fee_minor >= 0 AND share_minor >= 0 AND tax_minor BETWEEN 0 AND base_minor", name=op.f("ck_renewals_parts")
        ),
        sa.CheckConstraint("total_minor = base_minor + fee_minor", name=op.f("ck_renewals_total")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_renewals_agent_id_agents")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_renewals_card_id_cards")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_renewals_customer_id_customers")),
        sa.ForeignKeyConstraint(
            ["plan_version_id"], ["plan_versions.id"], name=op.f("fk_renewals_plan_version_id_plan_versions")
        ),
        sa.ForeignKeyConstraint(
            ["terms_id"], ["commission_terms.id"], name=op.f("fk_renewals_terms_id_commission_terms")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renewals")),
        sa.UniqueConstraint("agent_id", "idempotency_key", name=op.f("uq_renewals_agent_id_idempotency_key")),
        sa.UniqueConstraint("reference", name=op.f("uq_renewals_reference")),
    )
    op.create_index("ix_renewals_agent", "renewals", ["agent_id", "id"], unique=False)
    op.create_index("ix_renewals_card", "renewals", ["card_id", "id"], unique=False)
    op.create_index("ix_renewals_currency_state", "renewals", ["currency", "state", "id"], unique=False)
    op.create_index("ix_renewals_currency_total", "renewals", ["currency", "total_minor", "id"], unique=False)
    op.create_index("ix_renewals_customer", "renewals", ["customer_id", "id"], unique=False)
    op.create_index("ix_renewals_state", "renewals", ["state", "id"], unique=False)
    op.create_table(
        "usage_readings",
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data_left_mb", sa.Integer(), nullable=True),
        sa.Column("data_total_mb", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_usage_readings_card_id_cards")),
        sa.PrimaryKeyConstraint("card_id", "read_at", name=op.f("pk_usage_readings")),
    )
    op.create_table(
        "carrier_attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("renewal_id", sa.Uuid(), nullable=False),
        sa.Column(
            "act",
            sa.Enum("submit", "look_up", name="attemptact", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=30), nullable=True),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(["renewal_id"], ["renewals.id"], name=op.f("fk_carrier_attempts_renewal_id_renewals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carrier_attempts")),
    )
    op.create_index("ix_carrier_attempts_renewal", "carrier_attempts", ["renewal_id", "started_at"], unique=False)
    op.create_table(
        "renewal_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("renewal_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
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
                name="renewalstate",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "actor_kind",
            sa.Enum(
                "user",
                "customer",
                "visitor",
                "worker",
                name="actorkind",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["renewal_id"], ["renewals.id"], name=op.f("fk_renewal_events_renewal_id_renewals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renewal_events")),
    )
    op.create_index("ix_renewal_events_renewal", "renewal_events", ["renewal_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_renewal_events_renewal", table_name="renewal_events")
    op.drop_table("renewal_events")
    op.drop_index("ix_carrier_attempts_renewal", table_name="carrier_attempts")
    op.drop_table("carrier_attempts")
    op.drop_table("usage_readings")
    op.drop_index("ix_renewals_state", table_name="renewals")
    op.drop_index("ix_renewals_customer", table_name="renewals")
    op.drop_index("ix_renewals_currency_total", table_name="renewals")
    op.drop_index("ix_renewals_currency_state", table_name="renewals")
    op.drop_index("ix_renewals_card", table_name="renewals")
    op.drop_index("ix_renewals_agent", table_name="renewals")
    op.drop_table("renewals")
    op.drop_index("ix_top_ups_agent", table_name="top_ups")
    op.drop_table("top_ups")
    op.drop_index(op.f("ix_sessions_user_id"), table_name="sessions")
    op.drop_index(op.f("ix_sessions_expires_at"), table_name="sessions")
    op.drop_index(op.f("ix_sessions_customer_id"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index("ix_receipts_sha256", table_name="receipts")
    op.drop_index("ix_receipts_customer", table_name="receipts")
    op.drop_table("receipts")
    op.drop_index("ix_exports_user", table_name="exports")
    op.drop_table("exports")
    op.drop_index("uq_cards_registered_iccid", table_name="cards", postgresql_where=sa.text("state <> 'removed'"))
    op.drop_index("ix_cards_iccid", table_name="cards", postgresql_ops={"iccid": "text_pattern_ops"})
    op.drop_index("ix_cards_eid_hash", table_name="cards", postgresql_where=sa.text("eid_hash IS NOT NULL"))
    op.drop_index("ix_cards_customer", table_name="cards")
    op.drop_index("ix_cards_agent_valid_until", table_name="cards")
    op.drop_index("ix_cards_agent", table_name="cards")
    op.drop_index(
        "ix_cards_activation_code_hash",
        table_name="cards",
        postgresql_where=sa.text("activation_code_hash IS NOT NULL"),
    )
    op.drop_table("cards")
    op.drop_index("uq_users_email", table_name="users")
    op.drop_index(op.f("ix_users_agent_id"), table_name="users")
    op.drop_table("users")
    op.drop_index(
        "uq_plan_versions_current", table_name="plan_versions", postgresql_where=sa.text("superseded_at IS NULL")
    )
    op.drop_table("plan_versions")
    op.drop_index(
        "uq_ledger_transfers_reverses",
        table_name="ledger_transfers",
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
    )
    op.drop_index("ix_ledger_transfers_entry", table_name="ledger_transfers")
    op.drop_index("ix_ledger_transfers_debit", table_name="ledger_transfers")
    op.drop_index("ix_ledger_transfers_credit", table_name="ledger_transfers")
    op.drop_table("ledger_transfers")
    op.drop_table("ledger_snapshots")
    op.drop_index("uq_customers_agent_phone", table_name="customers")
    op.drop_index("uq_customers_agent_email", table_name="customers")
    op.drop_index("ix_customers_name", table_name="customers", postgresql_ops={"lowered_name": "text_pattern_ops"})
    op.drop_index("ix_customers_email", table_name="customers")
    op.drop_table("customers")
    op.drop_index(
        "uq_commission_terms_current",
        table_name="commission_terms",
        postgresql_where=sa.text("superseded_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.drop_table("commission_terms")
    op.drop_index(op.f("ix_spent_links_expires_at"), table_name="spent_links")
    op.drop_table("spent_links")
    op.drop_table("sign_in_codes")
    op.drop_table("receipt_counters")
    op.drop_table("plans")
    op.drop_index(
        "ix_outbox_waiting", table_name="outbox", postgresql_where=sa.text("done_at IS NULL AND given_up_at IS NULL")
    )
    op.drop_index("ix_outbox_subject", table_name="outbox")
    op.drop_index("ix_outbox_given_up", table_name="outbox", postgresql_where=sa.text("given_up_at IS NOT NULL"))
    op.drop_table("outbox")
    op.drop_index("ix_mails_subject", table_name="mails")
    op.drop_table("mails")
    op.drop_index("ix_ledger_entries_subject", table_name="ledger_entries")
    op.drop_table("ledger_entries")
    op.drop_index(
        "ix_ledger_accounts_owner", table_name="ledger_accounts", postgresql_where=sa.text("owner_id IS NOT NULL")
    )
    op.drop_table("ledger_accounts")
    op.drop_table("catalogue_imports")
    op.drop_table("audit_seals")
    op.drop_index("ix_audit_log_subject", table_name="audit_log")
    op.drop_index("ix_audit_log_actor", table_name="audit_log")
    op.drop_index("ix_audit_log_act", table_name="audit_log")
    op.drop_table("audit_log")
    op.drop_table("agents")
