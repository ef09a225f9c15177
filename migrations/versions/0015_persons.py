"""Who a customer is, at whichever agent: promotions are limited by the person, not by the row.

A row that shares its e-mail address or phone number with another is the same person, and stays it when its contacts
change. `person_id` is the id of the oldest row of the person. Triggers keep it, whoever writes the rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("customers", sa.Column("person_id", sa.Uuid(), nullable=True))
    op.create_index("ix_customers_phone", "customers", ["phone"])
    op.execute("UPDATE customers SET person_id = id")
    op.execute(
        """
        DO $$
        BEGIN
            -- Each round joins rows over one more contact, until no two rows with a contact in common differ.
            LOOP
                UPDATE customers SET person_id = wanted.person_id
                FROM (
                    SELECT id, least(
                        person_id,
                        first_value(person_id) OVER (PARTITION BY coalesce(lower(email), id::text) ORDER BY person_id),
                        first_value(person_id) OVER (PARTITION BY coalesce(phone, id::text) ORDER BY person_id)
                    ) AS person_id
                    FROM customers
                ) wanted
                WHERE wanted.id = customers.id AND wanted.person_id <> customers.person_id;
                EXIT WHEN NOT FOUND;
            END LOOP;
        END $$
        """
    )
    op.alter_column("customers", "person_id", nullable=False)
    op.create_index("ix_customers_person", "customers", ["person_id"])
    op.execute(
        """
        CREATE FUNCTION join_person() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            joined uuid[];
        BEGIN
            NEW.person_id := coalesce(NEW.person_id, NEW.id);
            SELECT array_agg(DISTINCT person_id) INTO joined
            FROM customers
            WHERE (lower(email) = lower(NEW.email) OR phone = NEW.phone) AND id <> NEW.id;
            IF joined IS NULL THEN
                RETURN NEW;
            END IF;
            joined := array_append(joined, NEW.person_id);
            SELECT min INTO NEW.person_id FROM unnest(joined) min ORDER BY min LIMIT 1;
            UPDATE customers SET person_id = NEW.person_id
            WHERE person_id = ANY (joined) AND person_id <> NEW.person_id AND id <> NEW.id;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER customers_join_person BEFORE INSERT OR UPDATE OF email, phone ON customers
        FOR EACH ROW EXECUTE FUNCTION join_person()
        """
    )
    _count_persons()


def _count_persons() -> None:
    op.add_column("promotion_redemptions", sa.Column("person_id", sa.Uuid(), nullable=True))
    op.execute(
        """
        UPDATE promotion_redemptions SET person_id = customers.person_id
        FROM customers WHERE customers.id = promotion_redemptions.customer_id
        """
    )
    op.alter_column("promotion_redemptions", "person_id", nullable=False)
    op.alter_column("promotion_customers", "customer_id", new_column_name="person_id")
    # Who used it more often as several rows than a person may now keeps what was used.
    op.execute(
        """
        WITH counted AS (
            DELETE FROM promotion_customers RETURNING *
        )
        INSERT INTO promotion_customers (promotion_id, person_id, most, used)
        SELECT promotion_id, customers.person_id, greatest(max(most), sum(used)), sum(used)
        FROM counted JOIN customers ON customers.id = counted.person_id
        GROUP BY promotion_id, customers.person_id
        """
    )


def downgrade() -> None:
    op.execute("DELETE FROM promotion_customers")
    op.alter_column("promotion_customers", "person_id", new_column_name="customer_id")
    op.execute(
        """
        INSERT INTO promotion_customers (promotion_id, customer_id, most, used)
        SELECT promotion_id, customer_id, greatest(max(most), count(*)), count(*)
        FROM promotion_redemptions
        JOIN (
            SELECT id, CASE WHEN is_first_time_only THEN 1 ELSE per_customer_limit END AS most FROM promotions
        ) limits ON limits.id = promotion_id
        WHERE given_back_at IS NULL AND most IS NOT NULL
        GROUP BY promotion_id, customer_id
        """
    )
    op.drop_column("promotion_redemptions", "person_id")
    op.execute("DROP TRIGGER customers_join_person ON customers")
    op.execute("DROP FUNCTION join_person")
    op.drop_index("ix_customers_person", table_name="customers")
    op.drop_index("ix_customers_phone", table_name="customers")
    op.drop_column("customers", "person_id")
