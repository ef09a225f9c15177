-- Append an act to the audit log.
CREATE OR REPLACE FUNCTION record_act(
    at timestamptz, actor_kind actor_kind, actor_id uuid, actor_name text, address text, request_id text,
    act text, subject_kind text, subject_id uuid, before jsonb, after jsonb
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_log (at, actor_kind, actor_id, actor_name, address, request_id, act, subject_kind, subject_id,
                           before, after)
    VALUES (at, actor_kind, actor_id, actor_name, address, request_id, act, subject_kind, subject_id, before, after);
END $$;
