-- Give a receipt the next number of the year it was issued in, by the operator's zone, unless it has one.
--
-- The year's counter is locked until the commit, and a rollback gives the serial back: numbers have no gaps.
CREATE OR REPLACE FUNCTION number_receipt(receipt uuid, prefix text, zone text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    given text;
    of_year integer;
    next_serial integer;
BEGIN
    SELECT receipts.number, extract(year FROM receipts.issued_at AT TIME ZONE zone)
    INTO STRICT given, of_year
    FROM receipts WHERE receipts.id = receipt FOR NO KEY UPDATE;
    IF given IS NULL THEN
        INSERT INTO receipt_counters AS counter (year, last_serial) VALUES (of_year, 1)
        ON CONFLICT (year) DO UPDATE SET last_serial = counter.last_serial + 1
        RETURNING counter.last_serial INTO next_serial;
        given := format('%s-%s-%s', prefix, of_year, lpad(next_serial::text, 7, '0'));
        UPDATE receipts SET year = of_year, serial = next_serial, number = given WHERE receipts.id = receipt;
    END IF;
    RETURN given;
END $$;
