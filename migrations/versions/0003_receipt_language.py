"""The language a customer wants receipts in, and the copies of receipts on thermal rolls, which never change either."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

CHOICE = sa.Enum("both", "zh", "en", name="paperlanguage", native_enum=False, create_constraint=True, length=30)


def upgrade() -> None:
    op.add_column("customers", sa.Column("receipt_language", CHOICE, nullable=False, server_default="both"))
    op.create_table(
        "receipt_rolls",
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=True),
        sa.Column("file_sha256", sa.CHAR(length=64), nullable=True),
        sa.Column("file_size", sa.Integer(), nullable=True),
        sa.Column("rendered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"], name=op.f("fk_receipt_rolls_receipt_id_receipts")),
        sa.PrimaryKeyConstraint("receipt_id", name=op.f("pk_receipt_rolls")),
    )
    op.create_index("ix_receipt_rolls_sha256", "receipt_rolls", ["file_sha256"], unique=False)
    op.execute(
        """
        CREATE FUNCTION refuse_roll_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'a printed roll never changes' USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER receipt_rolls_frozen BEFORE UPDATE OR DELETE ON receipt_rolls
        FOR EACH ROW WHEN (OLD.file_sha256 IS NOT NULL) EXECUTE FUNCTION refuse_roll_change()
        """
    )


def downgrade() -> None:
    op.drop_table("receipt_rolls")
    op.execute("DROP FUNCTION refuse_roll_change()")
    op.drop_column("customers", "receipt_language")
