-- Settle a payment that came exactly as it was asked for, and book what it was for.
--
-- Gives `settled`; or `otherwise`, when anything is not as expected: the payment is not begun any more, it came late,
-- in another amount or currency, what it was for can not be had, an account was never opened. Nothing is written then;
-- portal/payments/settling.py finds out what it is. Both write the same rows; tests/payments/test_arriving.py compares.
-- Amounts are whole minor units. `notice` is the webhook that made us ask, if one did; it is handled with this.
CREATE OR REPLACE FUNCTION settle_payment(
    payment uuid, notice uuid, asked_by text, answer jsonb,
    paid bigint, paid_currency bpchar, kept_as text, captured_as text, declined_before text,
    kept_fee bigint, kept_fee_currency bpchar, paid_at timestamptz, today date,
    entry uuid, work uuid, at timestamptz,
    actor_kind actor_kind, actor_id uuid, actor_name text, address text, request_id text
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    asked record;
    is_booked boolean;
BEGIN
    -- Whoever settles it beside us waits here, and then finds it settled.
    SELECT * INTO asked FROM payments
    WHERE id = payment AND state = 'begun' AND amount_minor = paid AND currency = paid_currency
      AND saved_method_id IS NULL AND NOT is_to_be_saved
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 'otherwise';
    END IF;
    is_booked := CASE asked.purpose
        WHEN 'top_up' THEN credit_top_up(
            asked.subject_id, asked.agent_id, payment, asked.reference, asked.provider, paid, paid_currency, today,
            entry, at)
        WHEN 'renewal' THEN pay_renewal(
            asked.subject_id, payment, asked.reference, asked.provider, asked.method::text, paid, paid_currency,
            entry, work, at, actor_kind, actor_id, actor_name, address, request_id)
    END;
    IF is_booked IS NOT TRUE THEN
        RETURN 'otherwise';
    END IF;

    UPDATE payments
    SET state = 'settled', settled_minor = paid, settled_currency = paid_currency,
        provider_id = coalesce(provider_id, kept_as), capture_id = coalesce(captured_as, capture_id),
        decline_code = coalesce(declined_before, decline_code),
        fee_minor = coalesce(kept_fee, fee_minor), fee_currency = coalesce(kept_fee_currency, fee_currency),
        settled_at = paid_at, closed_at = at, ask_at = NULL
    WHERE id = payment;
    INSERT INTO payment_calls (payment_id, act, at, outcome, answer)
    VALUES (payment, asked_by::payment_act, at, 'settled', answer);
    PERFORM record_act(
        at, actor_kind, actor_id, actor_name, address, request_id, 'payments.settle', 'payment', payment, NULL,
        jsonb_build_object('reference', asked.reference, 'asked_minor', paid, 'asked_currency', paid_currency,
                           'settled_minor', paid, 'settled_currency', paid_currency));
    UPDATE payment_notices SET handled_at = at WHERE id = notice AND handled_at IS NULL;
    -- Nobody outside is told of it, and the work that asked is done later in the log: what a crash of the server takes
    -- back is asked about and settled again. Whatever is spent of it is on disk no sooner than this is.
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN 'settled';
END $$;
