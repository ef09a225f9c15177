-- Keep a webhook whose signature was good, and have it looked into.
--
-- Gives `kept`; or `stands`, and writes nothing, when the provider's event was kept before.
CREATE OR REPLACE FUNCTION keep_notice(
    notice uuid, from_provider text, event text, hints_at text, their_word text, our_reference text, their_id text,
    occurred timestamptz, received timestamptz, told_headers jsonb, told bytea, work uuid
) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO payment_notices (id, provider, event_id, kind, word, reference, provider_id, occurred_at, received_at,
                                 headers, body)
    VALUES (notice, from_provider, event, hints_at::notice_kind, their_word, our_reference, their_id, occurred,
            received, told_headers, told)
    ON CONFLICT (provider, event_id) DO NOTHING;
    IF NOT FOUND THEN
        RETURN 'stands';
    END IF;
    PERFORM add_work(work, 'payments.notice', notice, received, received, '{}');
    RETURN 'kept';
END $$;
