-- Tell who bears a promotion that we quoted, if it still is as it was; NULL when it is over or something changed.
--
-- Its terms never change, so the plan, region, agent and price that it was quoted for need no second look: only its
-- window, the price of the smaller plan that a bonus is paid at, and whether the customer bought something meanwhile.
-- How often it may be used is not asked here: `redeem_promotion` counts.
CREATE OR REPLACE FUNCTION promotion_in_force(
    promotion uuid, customer uuid, price bigint, base bigint, at timestamptz
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found_one record;
    person uuid;
BEGIN
    SELECT * INTO found_one FROM promotions
    WHERE id = promotion AND ended_at IS NULL AND starts_at <= at AND (ends_at IS NULL OR ends_at > at);
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF found_one.kind = 'bonus_data' AND NOT EXISTS (
        SELECT FROM plan_versions smaller
        WHERE smaller.plan_id = found_one.priced_as_plan_id AND smaller.superseded_at IS NULL
          AND least(smaller.price_minor, price) = base)
    THEN
        RETURN NULL;
    END IF;
    IF found_one.is_first_time_only THEN
        -- Two first orders of one person come one after the other, at whichever agents; the second sees the first.
        SELECT person_id INTO person FROM customers WHERE id = customer;
        PERFORM FROM customers WHERE id = person FOR NO KEY UPDATE;
        IF EXISTS (SELECT FROM customers known
                   JOIN renewals ON customer_id = known.id AND state NOT IN ('refused', 'returned', 'cancelled')
                   WHERE person_id = person)
        THEN
            RETURN NULL;
        END IF;
    END IF;
    RETURN found_one.bearer;
END $$;
