-- Renew a card from its agent's wallet, if it may be renewed and the shown price is still today's.
--
-- Gives `placed`; or `stands`, when the agent used the idempotency key before; or `otherwise`, when something is not
-- as it was shown. Nothing is written in the last two; portal/renewals/placing.py finds out what it is.
-- Versions of plans and terms never change, so a price that we signed is today's exactly while both are in force.
-- Amounts are whole minor units of the plan's currency. A wallet that does not cover the total fails
-- ck_ledger_accounts_covered; a promotion that was used too often fails as `redeem_promotion` says.
CREATE OR REPLACE FUNCTION place_renewal(
    renewal uuid, short_reference text, of_agent uuid, of_card uuid, of_version uuid, of_terms uuid, through channel,
    paid_from text, price bigint, discount bigint, base bigint, tax bigint, fee bigint, share bigint,
    parent uuid, parents_rate integer, parents_part bigint, is_first boolean, grounds jsonb, total bigint, cost bigint,
    key text, digest bytea,
    hold_entry uuid, hold_key text, hold_digest bytea, debited text, credited text, work uuid,
    at timestamptz, actor_kind actor_kind, actor_id uuid, actor_name text, address text, request_id text,
    promotion uuid, with_code text, redemption uuid
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    sold record;
    borne_by text;
BEGIN
    SELECT cards.customer_id, plan.carrier, plan.currency INTO sold
    FROM cards
    JOIN agents ON agents.id = cards.agent_id AND agents.status = 'verified'
               AND agents.parent_id IS NOT DISTINCT FROM parent AND agents.override_bps = parents_rate
    JOIN plan_versions plan ON plan.id = of_version AND plan.superseded_at IS NULL AND plan.carrier = cards.carrier
    JOIN plans ON plans.id = plan.plan_id AND plans.retired_at IS NULL
    JOIN commission_terms terms ON terms.id = of_terms AND terms.superseded_at IS NULL
                                AND terms.currency = plan.currency
    WHERE cards.id = of_card AND cards.agent_id = of_agent AND cards.state = 'active'
      AND (terms.agent_id = of_agent
           OR terms.agent_id IS NULL AND NOT EXISTS (
               SELECT FROM commission_terms own
               WHERE own.agent_id = of_agent AND own.currency = plan.currency AND own.superseded_at IS NULL))
      AND (total = 0
           OR 2 = (SELECT count(*) FROM ledger_accounts account
                   WHERE account.name IN (debited, credited) AND account.currency = plan.currency));
    IF NOT FOUND THEN
        RETURN 'otherwise';
    END IF;
    -- Two first renewals of one card at once: the second waits here, and then sees the other.
    IF is_first THEN
        PERFORM FROM cards WHERE id = of_card FOR NO KEY UPDATE;
        IF EXISTS (SELECT FROM renewals
                   WHERE card_id = of_card AND state NOT IN ('cancelled', 'refused', 'returned', 'refunded'))
        THEN
            RETURN 'otherwise';
        END IF;
    END IF;
    IF promotion IS NOT NULL THEN
        borne_by := promotion_in_force(promotion, sold.customer_id, price, base, at);
        IF borne_by IS NULL THEN
            RETURN 'otherwise';
        END IF;
    END IF;

    INSERT INTO renewals (id, reference, agent_id, customer_id, card_id, plan_version_id, terms_id, channel, source,
                          state, carrier, currency, price_minor, discount_minor, base_minor, tax_minor, fee_minor,
                          share_minor, parent_agent_id, override_minor, commission, total_minor, cost_minor,
                          idempotency_key, request_digest, placed_by, placed_by_name, placed_at,
                          promotion_id, promotion_code, promotion_bearer)
    VALUES (renewal, short_reference, of_agent, sold.customer_id, of_card, of_version, of_terms, through, paid_from,
            'paid', sold.carrier, sold.currency, price, discount, base, tax, fee, share, parent, parents_part, grounds,
            total, cost, key, digest, actor_id, left(actor_name, 120), at,
            promotion, nullif(with_code, ''), borne_by::promotion_bearer)
    ON CONFLICT (agent_id, idempotency_key) DO NOTHING;
    IF NOT FOUND THEN
        RETURN 'stands';
    END IF;

    PERFORM record_event(renewal, 'paid', at, actor_kind, actor_id, actor_name, address, request_id, '{}');
    PERFORM record_act(
        at, actor_kind, actor_id, actor_name, address, request_id, 'renewals.place', 'renewal', renewal, NULL,
        jsonb_build_object('reference', short_reference, 'total_minor', total, 'currency', sold.currency));
    PERFORM add_work(work, 'renewals.fulfil', renewal, at, at, '{}');
    -- A renewal that costs nothing moves nothing.
    IF total > 0 AND post_entry(
        hold_entry, hold_key, 'hold', 'renewal', renewal, sold.currency, at, hold_digest, ARRAY[debited],
        ARRAY[credited], ARRAY[total], ARRAY[NULL::bigint]) <> 'posted'
    THEN
        RAISE 'the hold of renewal % was not posted', renewal;
    END IF;
    IF promotion IS NOT NULL THEN
        PERFORM redeem_promotion(
            redemption, promotion, with_code, renewal, of_agent, sold.customer_id, discount, sold.currency, at);
    END IF;
    RETURN 'placed';
END $$;
