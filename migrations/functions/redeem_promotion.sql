-- Count one use of a promotion by a renewal, in the renewal's own transaction.
--
-- More uses than are allowed fail ck_promotion_codes_within_limit, ck_promotion_customers_within_limit or
-- ck_promotion_counters_within_limit. Only what is limited is counted, what most orders meet on last.
CREATE OR REPLACE FUNCTION redeem_promotion(
    redemption uuid, promotion uuid, with_code text, renewal uuid, agent uuid, customer uuid, discount bigint,
    of_currency bpchar, at timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rules record;
    given_code record;
    person uuid;
    taken smallint;
BEGIN
    SELECT total_limit, CASE WHEN is_first_time_only THEN 1 ELSE per_customer_limit END AS per_customer INTO rules
    FROM promotions WHERE id = promotion;

    SELECT NULL::uuid AS id, NULL::integer AS max_uses INTO given_code;
    IF with_code <> '' THEN
        SELECT id, max_uses INTO STRICT given_code
        FROM promotion_codes WHERE code = with_code AND promotion_id = promotion;
        IF given_code.max_uses IS NOT NULL THEN
            UPDATE promotion_codes SET used = used + 1 WHERE id = given_code.id;
        END IF;
    END IF;

    SELECT person_id INTO STRICT person FROM customers WHERE id = customer;
    IF rules.per_customer IS NOT NULL THEN
        INSERT INTO promotion_customers (promotion_id, person_id, most, used)
        VALUES (promotion, person, rules.per_customer, 1)
        ON CONFLICT (promotion_id, person_id) DO UPDATE SET used = promotion_customers.used + 1;
    END IF;

    IF rules.total_limit IS NOT NULL THEN
        SELECT number INTO taken FROM promotion_counters WHERE promotion_id = promotion AND used < most
        ORDER BY number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            -- What is left is in the hands of others, who may still let go of it: wait for them, one by one.
            SELECT number INTO taken FROM promotion_counters WHERE promotion_id = promotion AND used < most
            ORDER BY number LIMIT 1 FOR NO KEY UPDATE;
        END IF;
        IF NOT FOUND THEN
            RAISE check_violation USING
                CONSTRAINT = 'ck_promotion_counters_within_limit', MESSAGE = format('promotion %s is used up', promotion);
        END IF;
        UPDATE promotion_counters SET used = used + 1 WHERE promotion_id = promotion AND number = taken;
    END IF;

    INSERT INTO promotion_redemptions (id, promotion_id, code_id, renewal_id, agent_id, customer_id, person_id,
                                       discount_minor, currency, redeemed_at, counter)
    VALUES (redemption, promotion, given_code.id, renewal, agent, customer, person, discount, of_currency, at, taken);
END $$;
