"""Functions of the database as tests rewrite them, to show what happens without a guard."""

from pathlib import Path

from portal.core.db import db, in_transaction

FUNCTIONS = Path(__file__).parents[1] / "migrations/functions"

_MEET = """
    CREATE SEQUENCE arrivals;
    CREATE FUNCTION meet(times integer) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM nextval('arrivals');
        FOR waited IN 1 .. 2000 LOOP
            IF (SELECT last_value FROM arrivals) >= times THEN
                RETURN;
            END IF;
            PERFORM pg_sleep(0.01);
        END LOOP;
        RAISE 'only % of % came', (SELECT last_value FROM arrivals), times;
    END $$;
"""


def rewritten(function: str, old: str, new: str) -> str:
    """Give the SQL of a function with one piece of it replaced."""
    sql = (FUNCTIONS / f"{function}.sql").read_text()
    assert old in sql
    return sql.replace(old, new)


def define(sql: str) -> None:
    """Run SQL as it stands, percent signs and all, in this test's own database."""
    in_transaction(lambda: db.session.connection().exec_driver_sql(sql, execution_options={"no_parameters": True}))


def allow_meeting() -> None:
    """Let functions of this test's own database say `PERFORM meet(3)`: three transactions wait there for each other.

    Whoever comes later passes. A sequence counts them, whose value every transaction sees at once.
    """
    define(_MEET)
