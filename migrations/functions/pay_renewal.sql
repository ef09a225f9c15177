-- Put a payment that is being settled into escrow and have its renewal delivered, as portal/renewals/paying.py does.
--
-- Gives false, and writes nothing, when the renewal waits no more for just this sum, its card may not be renewed any
-- more, or one of the accounts was never opened.
CREATE OR REPLACE FUNCTION pay_renewal(
    renewal uuid, payment uuid, short_reference text, provider text, method text, paid bigint, paid_currency bpchar,
    entry uuid, work uuid, at timestamptz,
    actor_kind actor_kind, actor_id uuid, actor_name text, address text, request_id text
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    key text := 'renewal:' || renewal || ':hold';
    clearing text := 'clearing:' || provider;
    facts jsonb := jsonb_build_object('payment', short_reference, 'method', method);
BEGIN
    PERFORM FROM renewals WHERE id = renewal FOR NO KEY UPDATE;
    IF NOT EXISTS (
        SELECT FROM renewals
        JOIN cards ON cards.id = renewals.card_id AND cards.state = 'active'
        JOIN agents ON agents.id = cards.agent_id AND agents.status = 'verified'
        JOIN pay_links ON pay_links.renewal_id = renewals.id
        WHERE renewals.id = renewal AND renewals.state = 'awaiting_payment'
          AND renewals.total_minor = paid AND renewals.currency = paid_currency)
    THEN
        RETURN false;
    END IF;
    IF post_entry(
        entry, key, 'hold', 'renewal', renewal, paid_currency, at,
        sha256(convert_to(concat(key, '|hold|', renewal, chr(10),
                                 concat_ws('|', clearing, 'escrow', paid, paid_currency)), 'UTF8')),
        ARRAY[clearing], ARRAY['escrow'], ARRAY[paid], ARRAY[NULL::bigint]) <> 'posted'
    THEN
        RETURN false;
    END IF;
    UPDATE pay_links SET payment_id = payment WHERE renewal_id = renewal;
    UPDATE renewals SET state = 'paid', source = clearing WHERE id = renewal;
    PERFORM record_event(renewal, 'paid', at, actor_kind, actor_id, actor_name, address, request_id, facts);
    PERFORM record_act(
        at, actor_kind, actor_id, actor_name, address, request_id, 'renewals.pay_online', 'renewal', renewal, NULL,
        jsonb_build_object('total_minor', paid, 'currency', paid_currency) || facts);
    PERFORM add_work(work, 'renewals.fulfil', renewal, at, at, '{}');
    RETURN true;
END $$;
