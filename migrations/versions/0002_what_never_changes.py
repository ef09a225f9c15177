"""What never changes: triggers refuse UPDATE and DELETE on the books, the audit log and what receipts say."""

from alembic import op

revision = "0002"
down_revision = "0001"

APPEND_ONLY = ("ledger_entries", "ledger_transfers", "audit_log", "audit_seals", "renewal_events")


def upgrade() -> None:
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    for table in APPEND_ONLY:
        op.execute(
            f"""
            CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
            """
        )
    op.execute(
        """
        CREATE FUNCTION refuse_receipt_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                RAISE EXCEPTION 'a receipt is never deleted' USING ERRCODE = 'restrict_violation';
            END IF;
            IF (OLD.renewal_id, OLD.content, OLD.content_sha256, OLD.verification_code, OLD.issued_at)
               IS DISTINCT FROM
               (NEW.renewal_id, NEW.content, NEW.content_sha256, NEW.verification_code, NEW.issued_at)
               OR (OLD.number IS NOT NULL AND OLD.number IS DISTINCT FROM NEW.number)
               OR (OLD.file_sha256 IS NOT NULL AND OLD.file_sha256 IS DISTINCT FROM NEW.file_sha256)
            THEN
                RAISE EXCEPTION 'a receipt never changes what it says' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER receipts_frozen BEFORE UPDATE OR DELETE ON receipts
        FOR EACH ROW EXECUTE FUNCTION refuse_receipt_change()
        """
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER receipts_frozen ON receipts")
    op.execute("DROP FUNCTION refuse_receipt_change()")
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    op.execute("DROP FUNCTION refuse_change()")
