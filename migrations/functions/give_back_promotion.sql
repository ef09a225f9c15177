-- Give the use of a promotion back, once, when the renewal that redeemed it came to nothing.
--
-- Gives whether there was one to give back. Rows are met in the order of `redeem_promotion`.
CREATE OR REPLACE FUNCTION give_back_promotion(of_renewal uuid, at timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    given record;
BEGIN
    UPDATE promotion_redemptions SET given_back_at = at
    WHERE renewal_id = of_renewal AND given_back_at IS NULL
    RETURNING promotion_id, code_id, person_id, counter INTO given;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE promotion_codes SET used = used - 1 WHERE id = given.code_id AND max_uses IS NOT NULL;
    UPDATE promotion_customers SET used = used - 1
    WHERE promotion_id = given.promotion_id AND person_id = given.person_id;
    UPDATE promotion_counters SET used = used - 1
    WHERE promotion_id = given.promotion_id AND number = given.counter;
    RETURN true;
END $$;
