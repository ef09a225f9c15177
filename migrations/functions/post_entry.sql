-- Post an entry of the ledger once: its transfers in order, each with the balances of guarded accounts right after it.
--
-- Gives `posted`; or `stands`, when an entry of this key was posted before; or `no_account`, when one of the accounts
-- was never opened. Nothing is written in the last two. Amounts are positive whole minor units of `of_currency`.
-- A guarded account that the whole entry would leave below minus its credit limit fails ck_ledger_accounts_covered.
--
-- Guarded accounts move once each, after all else is known, so that their rows are locked for the shortest time.
CREATE OR REPLACE FUNCTION post_entry(
    entry uuid, entry_key text, entry_kind text, of_kind text, of_id uuid, of_currency bpchar, at timestamptz,
    content_digest bytea, debits text[], credits text[], amounts bigint[], reversed bigint[]
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    debit bigint;
    credit bigint;
    debit_is_guarded boolean;
    credit_is_guarded boolean;
    debit_ids bigint[];
    credit_ids bigint[];
    -- The guarded accounts, how much each changes, and its balance as the transfers go by.
    moving bigint[] := '{}';
    changes bigint[] := '{}';
    balances bigint[];
    balance bigint;
    place integer;
    debit_places integer[];
    credit_places integer[];
BEGIN
    FOR nr IN 1 .. cardinality(amounts) LOOP
        SELECT debited.id, debited.guarded, credited.id, credited.guarded
        INTO debit, debit_is_guarded, credit, credit_is_guarded
        FROM ledger_accounts debited, ledger_accounts credited
        WHERE debited.name = debits[nr] AND debited.currency = of_currency
          AND credited.name = credits[nr] AND credited.currency = of_currency;
        IF NOT FOUND THEN
            RETURN 'no_account';
        END IF;
        debit_ids[nr] := debit;
        credit_ids[nr] := credit;
        IF debit_is_guarded THEN
            place := coalesce(array_position(moving, debit), cardinality(moving) + 1);
            moving[place] := debit;
            changes[place] := coalesce(changes[place], 0) - amounts[nr];
            debit_places[nr] := place;
        END IF;
        IF credit_is_guarded THEN
            place := coalesce(array_position(moving, credit), cardinality(moving) + 1);
            moving[place] := credit;
            changes[place] := coalesce(changes[place], 0) + amounts[nr];
            credit_places[nr] := place;
        END IF;
    END LOOP;

    INSERT INTO ledger_entries (id, key, kind, subject_kind, subject_id, posted_at, digest)
    VALUES (entry, entry_key, entry_kind, of_kind, of_id, at, content_digest)
    ON CONFLICT (key) DO NOTHING;
    IF NOT FOUND THEN
        RETURN 'stands';
    END IF;

    FOR nr IN 1 .. cardinality(moving) LOOP
        UPDATE ledger_accounts SET balance_minor = balance_minor + changes[nr]
        WHERE id = moving[nr] RETURNING balance_minor INTO balance;
        balances[nr] := balance - changes[nr];
    END LOOP;

    FOR nr IN 1 .. cardinality(amounts) LOOP
        IF debit_places[nr] IS NOT NULL THEN
            balances[debit_places[nr]] := balances[debit_places[nr]] - amounts[nr];
        END IF;
        IF credit_places[nr] IS NOT NULL THEN
            balances[credit_places[nr]] := balances[credit_places[nr]] + amounts[nr];
        END IF;
        INSERT INTO ledger_transfers (entry_id, kind, subject_kind, subject_id, debit_account_id, credit_account_id,
                                      amount_minor, currency, posted_at, reverses_id, debit_balance_minor,
                                      credit_balance_minor)
        VALUES (entry, entry_kind, of_kind, of_id, debit_ids[nr], credit_ids[nr], amounts[nr], of_currency, at,
                reversed[nr], balances[debit_places[nr]], balances[credit_places[nr]]);
    END LOOP;
    RETURN 'posted';
END $$;
