-- Append a change of a renewal's state, with who caused it.
CREATE OR REPLACE FUNCTION record_event(
    renewal uuid, reached renewal_state, at timestamptz, actor_kind actor_kind, actor_id uuid, actor_name text, address text,
    request_id text, facts jsonb
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO renewal_events (renewal_id, state, at, actor_kind, actor_id, actor_name, address, request_id, facts)
    VALUES (renewal, reached, at, actor_kind, actor_id, actor_name, address, request_id, facts);
END $$;
