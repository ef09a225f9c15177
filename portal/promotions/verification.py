"""What must hold of promotions: every count is that of the uses not given back, and each use has its order."""

from portal.ledger.verification import Check

_COUNTS = """
    SELECT concat('counted ', counted, ' uses of ', redeemed) AS what, place
    FROM (
        SELECT used AS counted, concat('promotion ', id) AS place,
               (SELECT count(*) FROM promotion_redemptions
                WHERE promotion_id = promotions.id AND given_back_at IS NULL) AS redeemed
        FROM promotions
        WHERE total_limit IS NOT NULL
        UNION ALL
        SELECT used, concat('code ', promotion_codes.id), coalesce(redeemed, 0)
        FROM promotion_codes
        LEFT JOIN (
            SELECT code_id, count(*) AS redeemed FROM promotion_redemptions WHERE given_back_at IS NULL GROUP BY code_id
        ) by_code ON code_id = promotion_codes.id
        WHERE max_uses IS NOT NULL
        UNION ALL
        SELECT used, concat('promotion ', promotion_id, ' of person ', person_id), coalesce(redeemed, 0)
        FROM promotion_customers
        LEFT JOIN (
            SELECT promotion_id, person_id, count(*) AS redeemed
            FROM promotion_redemptions WHERE given_back_at IS NULL GROUP BY promotion_id, person_id
        ) by_person USING (promotion_id, person_id)
    ) counts
    WHERE counted <> redeemed
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

CHECKS = (Check("promotions", _COUNTS), Check("promotions", _REDEMPTIONS))
