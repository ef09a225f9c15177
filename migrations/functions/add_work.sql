-- Write work that follows the commit.
CREATE OR REPLACE FUNCTION add_work(
    work uuid, work_kind text, subject uuid, at timestamptz, due timestamptz, facts jsonb
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (id, kind, subject_id, created_at, due_at, attempts, facts)
    VALUES (work, work_kind, subject, at, due, 0, facts);
END $$;
