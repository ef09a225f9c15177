"""Fill the books in bulk: renewals with everything that placing, delivering and refusing them writes.

Rows are made by the database itself, a quarter of a minute for a hundred thousand renewals, and keep every rule that
`flask ledger verify` checks: 5 % were refused and returned, 1 % refunded, in four currencies, over two years.
"""

from sqlalchemy import Connection

from portal.core.db import db

CUSTOMERS_OF_AN_AGENT = 20
CARDS_OF_A_CUSTOMER = 2
PLANS_OF_A_CURRENCY = 50

HOLD, OUTCOME, REFUND = 1, 2, 3  # The order of a renewal's entries.


def fill(*, renewals: int, agents: int = 1000, days: int = 729, until: str = "now") -> None:
    """Add so many renewals, spread over new agents; commits. May be called again to add more.

    They are ordered evenly over so many days, the last one a day before the instant that PostgreSQL reads `until` as.
    """
    with db.engine.begin() as connection:
        # Foreign keys hold by construction; checking each would take five times as long. Needs a superuser.
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql("SET LOCAL work_mem = '256MB'")
        connection.exec_driver_sql("SET LOCAL maintenance_work_mem = '512MB'")
        indexes = _drop_indexes(connection)
        batch = connection.exec_driver_sql("SELECT count(*) FROM agents").scalar_one()
        sizes = {
            "batch": batch,
            "renewals": renewals,
            "agents": agents,
            "customers": CUSTOMERS_OF_AN_AGENT,
            "cards": CARDS_OF_A_CUSTOMER,
            "plans": PLANS_OF_A_CURRENCY,
            "days": days,
            "until": until,
        }
        for statement in (*_CAST, *_SOLD, *_BOOKS, *_PAPERS):
            connection.exec_driver_sql(statement, sizes)
        for definition in indexes:
            connection.exec_driver_sql(definition)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM (ANALYZE)")


def _drop_indexes(connection: Connection) -> list[str]:
    """Drop what is quicker to build afterwards; those behind a primary key or a unique column stay."""
    found = connection.exec_driver_sql(
        """
        SELECT indexname, indexdef FROM pg_indexes
        WHERE tablename IN ('ledger_transfers', 'ledger_entries', 'renewals', 'renewal_events', 'carrier_attempts',
                            'receipts', 'audit_log')
              AND indexname LIKE 'ix\\_%%'
        """
    ).all()
    for name, _ in found:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    return [definition for _, definition in found]


_CAST = (
    """
    CREATE OR REPLACE FUNCTION pg_temp.id_at(at timestamptz, salt text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
        SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(salt), 1, 3)
                || '8' || substr(md5(salt), 4, 15))::uuid
    $$
    """,
    """
    CREATE OR REPLACE FUNCTION pg_temp.half_up(n bigint, d bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
        SELECT (2 * n + d) / (2 * d)
    $$
    """,
    """
    CREATE TEMP TABLE tender (nr int, currency char(3), price bigint, tax_bps int) ON COMMIT DROP
    """,
    "INSERT INTO tender VALUES (0, 'CNY', 2900, 600), (1, 'USD', 450, 0), (2, 'JPY', 700, 1000), (3, 'KWD', 1500, 500)",
    """
    CREATE TEMP TABLE seller ON COMMIT DROP AS
    SELECT nr, pg_temp.id_at(now() - interval '3 years', concat('agent', %(batch)s::text, '-', nr)) AS id
    FROM generate_series(0, %(agents)s - 1) nr
    """,
    """
    INSERT INTO agents (id, name_zh, name_en, licence_number, contact_name, contact_email, status, created_at)
    SELECT id, '批量代理 ' || nr, 'Volume agent ' || nr, concat('VOL-', %(batch)s::text, '-', nr), 'Volume',
           'volume@agents.example', 'verified', now() - interval '3 years'
    FROM seller
    """,
    """
    INSERT INTO users (id, email, name, role, created_at)
    VALUES (pg_temp.id_at(now(), 'finance' || %(batch)s::text), concat('volume', %(batch)s::text, '@leb.example'),
            'Volume', 'finance', now())
    """,
    """
    INSERT INTO commission_terms (id, agent_id, currency, version, fee_bps, fee_fixed_minor, share_bps, created_at)
    SELECT pg_temp.id_at(now(), concat('terms', id, currency)), id, currency, 1, 300 + nr %% 5 * 100, 0,
           nr %% 4 * 100, now()
    FROM seller CROSS JOIN (SELECT currency FROM tender) tenders
    """,
    """
    INSERT INTO customers (id, person_id, agent_id, name, email, locale, created_at)
    SELECT pg_temp.id_at(now(), concat('customer', id, nr_of)), pg_temp.id_at(now(), concat('customer', id, nr_of)),
           id, '客户 ' || nr || '-' || nr_of,
           concat('c', nr, '-', nr_of, '@customers.example'), 'zh', now() - interval '3 years'
    FROM seller CROSS JOIN generate_series(0, %(customers)s - 1) nr_of
    """,
    """
    INSERT INTO cards (id, agent_id, customer_id, iccid, label, carrier, state, registered_at)
    SELECT pg_temp.id_at(now(), concat('card', id, nr_of)), id,
           pg_temp.id_at(now(), concat('customer', id, nr_of %% %(customers)s)),
           '8985' || lpad((%(batch)s::bigint * 1000000 + nr * 1000 + nr_of)::text, 15, '0'), '', 'sandbox-east',
           'active', now() - interval '2 years'
    FROM seller CROSS JOIN generate_series(0, %(customers)s * %(cards)s - 1) nr_of
    """,
    """
    INSERT INTO plans (id, code)
    SELECT pg_temp.id_at(now(), concat('plan', %(batch)s::text, currency, step)),
           concat('VOL-', %(batch)s::text, '-', currency, '-', step)
    FROM tender CROSS JOIN generate_series(0, %(plans)s - 1) step
    """,
    """
    CREATE TEMP TABLE offer ON COMMIT DROP AS
    SELECT currency, step, price + step * price / 7 AS price, tax_bps,
           pg_temp.id_at(now(), concat('version', %(batch)s::text, currency, step)) AS id,
           pg_temp.id_at(now(), concat('plan', %(batch)s::text, currency, step)) AS plan_id
    FROM tender CROSS JOIN generate_series(0, %(plans)s - 1) step
    """,
    """
    INSERT INTO plan_versions (id, plan_id, version, carrier, name_en, name_zh, data_mb, validity_days, regions, term,
                               price_minor, cost_minor, currency, tax_bps, created_at)
    SELECT id, plan_id, 1, 'sandbox-east', 'Volume ' || step, '批量 ' || step, 1024 * (step + 1), 30, '{JP}', 'short',
           price, price * 6 / 10, currency, tax_bps, now()
    FROM offer
    """,
    """
    INSERT INTO ledger_accounts (name, kind, owner_id, currency, side, guarded, balance_minor, credit_limit_minor)
    SELECT kind || ':' || id, kind, id, currency, 'liability'::side, kind = 'agent_wallet',
           CASE kind WHEN 'agent_wallet' THEN 0 END, 0
    FROM seller CROSS JOIN tender CROSS JOIN (VALUES ('agent_wallet'), ('commission_earned')) kinds(kind)
    UNION ALL
    SELECT name, split_part(name, ':', 1), NULL, currency, side::side, false, NULL, 0
    FROM tender CROSS JOIN (VALUES
        ('escrow', 'liability'), ('revenue', 'income'), ('tax_payable', 'liability'), ('bank', 'asset'),
        ('promotions', 'expense'), ('commission_expense', 'expense'), ('carrier_cost', 'expense'),
        ('carrier_payable:sandbox-east', 'liability')) common(name, side)
    ON CONFLICT (name, currency) DO NOTHING
    """,
)

# One row a renewal, in order of time. `dice` and `spot` fall the same way each time.
_SOLD = (
    "ANALYZE seller, tender, offer, commission_terms, plan_versions, ledger_accounts",
    """
    CREATE TEMP TABLE sold ON COMMIT DROP AS
    SELECT priced.*, base + fee AS total, pg_temp.id_at(placed_at, concat('renewal', %(batch)s::text, nr)) AS id,
           placed_at + interval '3 seconds' AS ended_at, 'agent_wallet:' || agent_id AS wallet,
           'commission_earned:' || agent_id AS earned,
           'R-' || substr(code, 1, 4) || '-' || substr(code, 5, 4) AS reference,
           pg_temp.id_at(now(), concat('card', agent_id, card_nr)) AS card_id,
           pg_temp.id_at(now(), concat('customer', agent_id, card_nr %% %(customers)s)) AS customer_id,
           CASE WHEN nr > %(renewals)s - 3 THEN 'paid' WHEN nr > %(renewals)s - 5 THEN 'unknown'
                WHEN dice %% 100 < 5 THEN 'returned' WHEN dice %% 100 = 5 THEN 'refunded' ELSE 'delivered' END AS state
    FROM (
        SELECT drawn.*, seller.id AS agent_id, tender.currency, plan.id AS plan_version_id, terms.id AS terms_id,
               plan.price_minor AS price, plan.price_minor - base AS discount, base, plan.cost_minor AS cost,
               pg_temp.half_up(base * plan.tax_bps, 10000 + plan.tax_bps) AS tax,
               pg_temp.half_up(base * terms.fee_bps, 10000) AS fee,
               pg_temp.half_up(base * terms.share_bps, 10000) AS share,
               spot / %(agents)s %% (%(customers)s * %(cards)s) AS card_nr,
               upper(lpad(to_hex(%(batch)s::bigint * 1000000 + drawn.nr), 8, '0')) AS code
        FROM (
            SELECT nr, hashint4(nr)::bigint + 2147483648 AS dice, hashint4(nr * 31 + 7)::bigint + 2147483648 AS spot,
                   %(until)s::timestamptz - (%(days)s + 1) * interval '1 day'
                       + nr * (%(days)s * interval '1 day' / %(renewals)s) AS placed_at
            FROM generate_series(1, %(renewals)s) nr
        ) drawn
        JOIN seller ON seller.nr = spot %% %(agents)s
        JOIN tender ON tender.nr = CASE WHEN dice %% 10 < 7 THEN 0 ELSE dice %% 3 + 1 END
        JOIN offer ON offer.currency = tender.currency AND offer.step = dice / 100 %% %(plans)s
        JOIN plan_versions plan ON plan.id = offer.id
        JOIN commission_terms terms ON terms.agent_id = seller.id AND terms.currency = tender.currency
        CROSS JOIN LATERAL (
            SELECT CASE WHEN dice %% 13 = 0 THEN price_minor * 9 / 10 ELSE price_minor END AS base
        ) discounted
    ) priced
    """,
    """
    INSERT INTO renewals (id, reference, agent_id, customer_id, card_id, plan_version_id, terms_id, channel, source,
                          state, carrier, currency, price_minor, discount_minor, base_minor, tax_minor, fee_minor,
                          share_minor, total_minor, cost_minor, idempotency_key, request_digest, placed_by_name,
                          placed_at, submitted_at, delivered_at, carrier_confirmation, before, after, refusal_code,
                          refusal_text)
    SELECT id, reference, agent_id, customer_id, card_id, plan_version_id, terms_id, 'agent', 'agent_wallet',
           state::renewal_state,
           'sandbox-east', currency, price, discount, base, tax, fee, share, total, cost, id, sha256(''), 'Volume',
           placed_at, CASE WHEN state <> 'paid' THEN placed_at + interval '1 second' END,
           CASE WHEN is_sold THEN ended_at END, CASE WHEN is_sold THEN 'EAST-' || code END,
           CASE WHEN is_sold THEN '{"data_left_mb": 614, "data_total_mb": 10240, "valid_until": null}'::jsonb END,
           CASE WHEN is_sold THEN '{"data_left_mb": 10240, "data_total_mb": 10240, "valid_until": null}'::jsonb END,
           CASE state WHEN 'returned' THEN 'card_blocked' END,
           CASE state WHEN 'returned' THEN 'The card is blocked.' END
    FROM sold CROSS JOIN LATERAL (SELECT state IN ('delivered', 'refunded') AS is_sold) seen
    ORDER BY nr
    """,
)

_BOOKS = (
    "ANALYZE sold",
    """
    CREATE TEMP TABLE line ON COMMIT DROP AS
    SELECT step.key, step.kind, 'renewal' AS subject_kind, sold.id AS subject_id, step.posted_at,
           pg_temp.id_at(step.posted_at, step.key) AS entry_id, moved.nr, moved.debit, moved.credit, moved.amount,
           sold.currency, sold.wallet
    FROM sold
    CROSS JOIN LATERAL (
        SELECT concat('renewal:', sold.id, ':', kind) AS key, kind, posted_at
        FROM (VALUES
            ('hold', placed_at, true),
            ('deliver', ended_at, state IN ('delivered', 'refunded')),
            ('return', ended_at, state = 'returned'),
            ('refund', ended_at + interval '12 hours', state = 'refunded')) happened(kind, posted_at, has_happened)
        WHERE has_happened
    ) step
    JOIN LATERAL (VALUES
        ('hold', 1, wallet, 'escrow', total),
        ('deliver', 1, 'escrow', 'revenue', base - tax),
        ('deliver', 2, 'escrow', 'tax_payable', tax),
        ('deliver', 3, 'escrow', earned, fee),
        ('deliver', 4, 'promotions', 'revenue', discount),
        ('deliver', 5, 'commission_expense', earned, share),
        ('deliver', 6, 'carrier_cost', 'carrier_payable:sandbox-east', cost),
        ('return', 1, 'escrow', wallet, total),
        ('refund', 1, 'revenue', 'escrow', base - tax),
        ('refund', 2, 'tax_payable', 'escrow', tax),
        ('refund', 3, earned, 'escrow', fee),
        ('refund', 4, 'revenue', 'promotions', discount),
        ('refund', 5, earned, 'commission_expense', share),
        ('refund', 6, 'escrow', wallet, total)) moved(kind, nr, debit, credit, amount)
      ON moved.kind = step.kind AND moved.amount > 0
    """,
    # Each wallet was filled once, before all, with what it will spend and a little more.
    """
    INSERT INTO line
    SELECT concat('top_up:', id), 'top_up', 'top_up', id, now() - interval '2 years', id, 1, 'bank', wallet,
           spent + 100000, currency, wallet
    FROM (
        SELECT wallet, currency, sum(total)::bigint AS spent,
               pg_temp.id_at(now() - interval '2 years', concat(wallet, currency)) AS id
        FROM sold GROUP BY wallet, currency
    ) spending
    """,
    "ANALYZE line",
    """
    INSERT INTO top_ups (id, reference, agent_id, currency, amount_minor, bank_reference, received_on, note,
                         recorded_by, recorded_at)
    SELECT subject_id, 'T-' || substr(md5(subject_id::text), 1, 10), substr(credit, 14)::uuid, currency, amount,
           subject_id, posted_at::date, '', pg_temp.id_at(now(), 'finance' || %(batch)s::text), posted_at
    FROM line WHERE kind = 'top_up'
    """,
    """
    INSERT INTO ledger_entries (id, key, kind, subject_kind, subject_id, posted_at, digest)
    SELECT entry_id, key, kind, subject_kind, subject_id, posted_at,
           sha256(convert_to(concat(key, '|', kind, '|', subject_id, chr(10),
               string_agg(concat_ws('|', debit, credit, amount, currency), chr(10) ORDER BY nr)), 'UTF8'))
    FROM line GROUP BY entry_id, key, kind, subject_kind, subject_id, posted_at ORDER BY posted_at
    """,
    """
    INSERT INTO ledger_transfers (id, entry_id, kind, subject_kind, subject_id, debit_account_id, credit_account_id,
                                  amount_minor, currency, posted_at, debit_balance_minor, credit_balance_minor)
    SELECT started.last_id + row_number() OVER (ORDER BY posted_at, entry_id, nr), entry_id, line.kind, subject_kind,
           subject_id, debited.id, credited.id, amount, line.currency, posted_at,
           CASE WHEN debited.guarded THEN sum(CASE WHEN debited.guarded THEN -amount ELSE amount END) OVER wallets END,
           CASE WHEN credited.guarded THEN sum(CASE WHEN debited.guarded THEN -amount ELSE amount END) OVER wallets END
    FROM line
    JOIN ledger_accounts debited ON debited.name = line.debit AND debited.currency = line.currency
    JOIN ledger_accounts credited ON credited.name = line.credit AND credited.currency = line.currency
    CROSS JOIN (SELECT coalesce(max(id), 0) AS last_id FROM ledger_transfers) started
    WINDOW wallets AS (PARTITION BY wallet, line.currency, debited.guarded OR credited.guarded
                       ORDER BY posted_at, entry_id, nr)
    ORDER BY 1
    """,
    "SELECT setval(pg_get_serial_sequence('ledger_transfers', 'id'), max(id)) FROM ledger_transfers",
    """
    UPDATE ledger_accounts SET balance_minor = balance_minor + change
    FROM (
        SELECT name, currency, sum(amount)::bigint AS change
        FROM (SELECT credit AS name, currency, amount FROM line WHERE credit = wallet
              UNION ALL SELECT debit, currency, -amount FROM line WHERE debit = wallet) movements
        GROUP BY name, currency
    ) moved
    WHERE ledger_accounts.name = moved.name AND ledger_accounts.currency = moved.currency
    """,
)

_PAPERS = (
    """
    CREATE TEMP TABLE issued ON COMMIT DROP AS
    SELECT sold.id AS renewal_id, customer_id, sold.agent_id, ended_at, year, code,
           coalesce(last_serial, 0) + row_number() OVER (PARTITION BY year ORDER BY ended_at, nr) AS serial,
           format('{"after":{"data_left_mb":10240,"is_unlimited":false,"valid_until":null},"agent":{"licence_number":'
                  '"VOL-%%s","name_en":"Volume agent","name_zh":"批量代理"},"before":{"data_left_mb":614,"is_unlimited"'
                  ':false,"valid_until":null},"carrier_confirmation":"EAST-%%s","carrier_name":"sandbox-east",'
                  '"customer_name":"客户","iccid":"8985000000000000000","issued_at":"%%s","issuer":{"address_en":'
                  '"88 Example Road, Xuhui, Shanghai","address_zh":"上海市徐汇区示例路 88 号","name_en":'
                  '"LEB Communications (example) Ltd","name_zh":"LEB 通信（示例）有限公司","tax_id":'
                  '"91310000MA1K000000"},"language":"both","lines":{"base_minor":%%s,"currency":"%%s","discount_minor":%%s,"fee_bps":0,'
                  '"fee_fixed_minor":%%s,"fee_minor":%%s,"price_minor":%%s,"promotion_bps":null,"promotion_code":null,'
                  '"tax_bps":0,"tax_minor":%%s,"total_minor":%%s},"payment_method":"wallet","plan":{"data_mb":10240,'
                  '"name_en":"Volume","name_zh":"批量","regions":["JP"],"validity_days":30},"portal_address":'
                  '"http://127.0.0.1:8000","renewal_reference":"%%s","served_by":"Volume","verification_code":"%%s",'
                  '"version":1,"zone":"Asia/Shanghai"}',
                  %(batch)s::text, code, to_char(ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), base,
                  currency, discount, fee, fee, price, tax, total, reference, code) AS content
    FROM sold
    CROSS JOIN LATERAL (SELECT extract(year FROM ended_at AT TIME ZONE 'Asia/Shanghai')::int AS year) issued_in
    LEFT JOIN receipt_counters USING (year)
    WHERE state IN ('delivered', 'refunded')
    """,
    """
    INSERT INTO receipts (id, renewal_id, customer_id, agent_id, content, content_sha256, verification_code, issued_at,
                          number, year, serial, file_name, file_sha256, file_size, rendered_at, render_ms)
    SELECT pg_temp.id_at(ended_at, code), renewal_id, customer_id, agent_id, content,
           encode(sha256(convert_to(content, 'UTF8')), 'hex'), code, ended_at, number, year, serial,
           year || '/01/' || number || '.pdf', encode(sha256(number::bytea), 'hex'), 15000, ended_at, 50
    FROM issued CROSS JOIN LATERAL (SELECT format('LEB-%%s-%%s', year, lpad(serial::text, 7, '0')) AS number) numbered
    ORDER BY ended_at
    """,
    """
    INSERT INTO receipt_counters (year, last_serial) SELECT year, max(serial) FROM issued GROUP BY year
    ON CONFLICT (year) DO UPDATE SET last_serial = excluded.last_serial
    """,
    # All of it was refunded at once; the credit notes wait for their numbers.
    """
    INSERT INTO refunds (id, reference, renewal_id, agent_id, number, state, currency, amount_minor, reason, note,
                         destination, requested_by_name, requested_at, begun_at, carrier_answer, revenue_minor,
                         tax_minor, fee_minor, share_minor, override_minor, done_at)
    SELECT pg_temp.id_at(ended_at, concat('refund', id)), 'F-' || substr(code, 1, 4) || '-' || substr(code, 5, 4), id,
           agent_id, 1, 'done', currency, total, 'not_working', '', 'source', 'Volume', ended_at, ended_at, 'kept',
           base - tax, tax, fee, share, 0, ended_at + interval '12 hours'
    FROM sold WHERE state = 'refunded'
    """,
    """
    INSERT INTO credit_notes (id, refund_id, renewal_id, receipt_id, customer_id, agent_id, content, content_sha256,
                              verification_code, issued_at)
    SELECT pg_temp.id_at(refunds.done_at, concat('note', refunds.id)), refunds.id, renewal_id, receipts.id,
           receipts.customer_id, receipts.agent_id, said.content,
           encode(sha256(convert_to(said.content, 'UTF8')), 'hex'), 'N' || receipts.verification_code, refunds.done_at
    FROM refunds
    JOIN issued USING (renewal_id)
    JOIN receipts USING (renewal_id)
    CROSS JOIN LATERAL (SELECT receipts.content::jsonb AS receipt) read
    CROSS JOIN LATERAL (SELECT jsonb_build_object(
        'version', 1, 'issuer', receipt -> 'issuer', 'agent', receipt -> 'agent', 'zone', receipt -> 'zone',
        'receipt_number', receipts.number, 'receipt_issued_at', receipt -> 'issued_at',
        'renewal_reference', receipt -> 'renewal_reference', 'refund_reference', refunds.reference,
        'issued_at', receipt -> 'issued_at', 'customer_name', receipt -> 'customer_name', 'iccid', receipt -> 'iccid',
        'plan_name_zh', '批量', 'plan_name_en', 'Volume', 'paid_back_to', 'wallet', 'reason', refunds.reason,
        'verification_code', 'N' || receipts.verification_code, 'portal_address', receipt -> 'portal_address',
        'language', 'both', 'lines', jsonb_build_object(
            'currency', refunds.currency, 'base_minor', revenue_minor + tax_minor, 'tax_minor', tax_minor, 'tax_bps', 0,
            'fee_minor', fee_minor, 'total_minor', amount_minor, 'paid_minor', amount_minor,
            'credited_before_minor', 0))::text AS content) said
    """,
    """
    INSERT INTO renewal_events (renewal_id, state, at, actor_kind, actor_name, facts)
    SELECT id, happened.state::renewal_state, at, 'worker', 'worker', '{}'
    FROM sold CROSS JOIN LATERAL (VALUES
        ('paid', placed_at, 1), ('submitting', placed_at + interval '1 second', 2),
        (CASE sold.state WHEN 'returned' THEN 'refused' WHEN 'refunded' THEN 'delivered' ELSE sold.state END, ended_at,
         3),
        (CASE sold.state WHEN 'refunded' THEN 'refunding' END, ended_at + interval '12 hours', 4),
        (CASE WHEN sold.state IN ('returned', 'refunded') THEN sold.state END, ended_at + interval '12 hours', 5)
    ) happened(state, at, step)
    WHERE happened.state IS NOT NULL AND (sold.state <> 'paid' OR step = 1)
    ORDER BY nr, step
    """,
    """
    INSERT INTO carrier_attempts (id, renewal_id, act, started_at, ended_at, outcome, answer)
    SELECT pg_temp.id_at(placed_at, concat('attempt', id)), id, 'submit', placed_at + interval '1 second', ended_at,
           CASE state WHEN 'returned' THEN 'refused' WHEN 'refunded' THEN 'delivered' ELSE state END, '{}'
    FROM sold WHERE state <> 'paid' ORDER BY nr
    """,
    """
    INSERT INTO audit_log (at, actor_kind, actor_name, act, subject_kind, subject_id, after)
    SELECT placed_at, 'user', 'Volume', 'renewals.place', 'renewal', id,
           jsonb_build_object('reference', reference, 'total_minor', total, 'currency', currency)
    FROM sold ORDER BY nr
    """,
)
