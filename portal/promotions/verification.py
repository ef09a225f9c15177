"""What must hold of promotions: every count is that of the uses not given back, and each use has its order."""

from portal.ledger.verification import Check

_COUNTS = """
    SELECT concat('counted ', counted, ' uses of ', redeemed) AS what, place
    FROM (
        SELECT coalesce(used, 0) AS counted, coalesce(redeemed, 0) AS redeemed,
               concat('promotion ', promotion_id, ', counter ', coalesce(counter::text, 'none')) AS place
        FROM (SELECT promotion_id, number AS counter, used FROM promotion_counters) counters
        FULL JOIN (
            SELECT promotion_id, counter, count(*) AS redeemed
            FROM promotion_redemptions JOIN promotions ON promotions.id = promotion_id AND total_limit IS NOT NULL
            WHERE given_back_at IS NULL GROUP BY promotion_id, counter
        ) by_counter USING (promotion_id, counter)
        UNION ALL
        SELECT used, coalesce(redeemed, 0), concat('code ', promotion_codes.id)
        FROM promotion_codes
        LEFT JOIN (
            SELECT code_id, count(*) AS redeemed FROM promotion_redemptions WHERE given_back_at IS NULL GROUP BY code_id
        ) by_code ON code_id = promotion_codes.id
        WHERE max_uses IS NOT NULL
        UNION ALL
        SELECT used, coalesce(redeemed, 0), concat('promotion ', promotion_id, ' of person ', person_id)
        FROM promotion_customers
        LEFT JOIN (
            SELECT promotion_id, person_id, count(*) AS redeemed
            FROM promotion_redemptions WHERE given_back_at IS NULL GROUP BY promotion_id, person_id
        ) by_person USING (promotion_id, person_id)
    ) counts
    WHERE counted <> redeemed
"""

_LIMITS = """
    SELECT concat('counters allow ', coalesce(allowed, 0), ' uses of ', total_limit) AS what,
           concat('promotion ', id) AS place
    FROM promotions
    LEFT JOIN (
        SELECT promotion_id, sum(most) AS allowed FROM promotion_counters GROUP BY promotion_id
    ) counters ON promotion_id = id
    WHERE allowed IS DISTINCT FROM total_limit
"""

_REDEMPTIONS = """
    SELECT CASE
               WHEN redemption.id IS NULL THEN 'a promotion that was not redeemed'
               WHEN renewal.promotion_id IS NULL THEN 'a redemption without its renewal'
               ELSE concat('a redemption that is not what the renewal says, ', state)
           END AS what,
           concat('renewal ', coalesce(renewal.id, redemption.renewal_id)) AS place
    FROM (SELECT * FROM renewals WHERE promotion_id IS NOT NULL) renewal
    FULL JOIN promotion_redemptions redemption ON redemption.renewal_id = renewal.id
    WHERE renewal.id IS NULL OR redemption.id IS NULL
          OR (renewal.promotion_id, renewal.discount_minor, renewal.currency, renewal.customer_id)
             <> (redemption.promotion_id, redemption.discount_minor, redemption.currency, redemption.customer_id)
          OR (state IN ('refused', 'returned', 'cancelled')) <> (given_back_at IS NOT NULL)
"""

CHECKS = (Check("promotions", _COUNTS), Check("promotions", _LIMITS), Check("promotions", _REDEMPTIONS))
