-- Credit an agent's wallet with a payment that is being settled, as portal/wallets/paying_in.py does.
--
-- Gives false, and writes nothing, when one of the accounts was never opened.
CREATE OR REPLACE FUNCTION credit_top_up(
    top_up uuid, agent uuid, payment uuid, short_reference text, provider text, paid bigint, paid_currency bpchar,
    today date, entry uuid, at timestamptz
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    key text := 'top_up:' || top_up;
    clearing text := 'clearing:' || provider;
    wallet text := 'agent_wallet:' || agent;
BEGIN
    IF post_entry(
        entry, key, 'top_up', 'top_up', top_up, paid_currency, at,
        sha256(convert_to(concat(key, '|top_up|', top_up, chr(10),
                                 concat_ws('|', clearing, wallet, paid, paid_currency)), 'UTF8')),
        ARRAY[clearing], ARRAY[wallet], ARRAY[paid], ARRAY[NULL::bigint]) <> 'posted'
    THEN
        RETURN false;
    END IF;
    INSERT INTO top_ups (id, reference, agent_id, currency, amount_minor, payment_id, received_on, note, recorded_at)
    VALUES (top_up, short_reference, agent, paid_currency, paid, payment, today, '', at);
    RETURN true;
END $$;
