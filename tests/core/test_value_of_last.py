"""The last statement of an act carries the COMMIT, and nothing may follow it."""

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from portal.core.db import AfterTheLast, Statement, db, in_transaction, transaction, value_of_last

pytestmark = pytest.mark.usefixtures("marks")

MARK = Statement("INSERT INTO marks VALUES (%(mark)s) RETURNING mark", {"mark": "a"})


@pytest.fixture
def marks(own_app: Flask) -> None:
    in_transaction(lambda: db.session.execute(text("CREATE TABLE marks (mark text UNIQUE)")))


def write(mark: str) -> None:
    db.session.execute(text("INSERT INTO marks VALUES (:mark)"), {"mark": mark})


def standing_here() -> list[str]:
    return list(db.session.scalars(text("SELECT mark FROM marks")))


def standing() -> list[str]:
    """Look from another connection: only what is committed is seen."""
    with db.engine.connect() as connection:
        return sorted(connection.scalars(text("SELECT mark FROM marks")))


def test_gives_the_value_and_has_committed() -> None:
    seen = in_transaction(lambda: (value_of_last(MARK, done="a"), standing()))

    assert seen == ("a", ["a"])


def test_commits_what_was_written_before_it_too() -> None:
    def act() -> list[str]:
        write("before")
        assert value_of_last(MARK, done="a") == "a"
        return standing()

    assert in_transaction(act) == ["a", "before"]


def test_takes_what_was_written_before_it_back_when_it_fails() -> None:
    in_transaction(lambda: write("a"))

    def act() -> None:
        write("before")
        value_of_last(MARK, done="a")

    with pytest.raises(psycopg.errors.UniqueViolation) as refused:
        in_transaction(act)

    assert refused.value.diag.constraint_name == "marks_mark_key"
    assert standing() == ["a"]


def test_alone_it_tells_what_the_database_refused() -> None:
    in_transaction(lambda: write("a"))

    with pytest.raises(psycopg.errors.UniqueViolation) as refused:
        in_transaction(lambda: value_of_last(MARK, done="a"))

    assert refused.value.diag.constraint_name == "marks_mark_key"
    assert in_transaction(lambda: value_of_last(Statement("SELECT %(n)s::int + 1", {"n": 1}), done="2")) == "2"


def test_refuses_what_follows_it() -> None:
    def act() -> None:
        value_of_last(MARK, done="a")
        write("after")

    with pytest.raises(AfterTheLast):
        in_transaction(act)

    assert standing() == ["a"]


@pytest.mark.parametrize("asks_before", [True, False])
def test_an_act_may_go_on_after_a_value_that_says_nothing_was_written(asks_before: bool) -> None:
    def act() -> list[str]:
        if asks_before:
            standing_here()
        assert value_of_last(Statement("SELECT 'refused'", {}), done="written") == "refused"
        write("after")
        return standing_here()

    assert in_transaction(act) == ["after"]
    assert standing() == ["after"]


def test_in_a_longer_transaction_it_is_a_statement_like_any_other() -> None:
    with transaction():
        assert value_of_last(MARK, done="a") == "a"
        assert standing() == []
        write("after")

    assert standing() == ["a", "after"]


@pytest.mark.parametrize("value", ["x\0y", 1.5])
def test_refuses_a_value_that_the_server_would_read_otherwise(value: object) -> None:
    with pytest.raises((psycopg.DataError, TypeError)):
        in_transaction(lambda: value_of_last(Statement("SELECT %(value)s::text", {"value": value}), done=""))


def test_carries_nothing_as_null_and_bytes_as_they_are() -> None:
    statement = Statement(
        "SELECT %(nothing)s::text IS NULL AND %(raw)s::bytea = '\\x00ff'", {"nothing": None, "raw": b"\0\xff"}
    )

    assert in_transaction(lambda: value_of_last(statement, done="t")) == "t"


def test_alone_it_goes_on_after_a_rollback_that_made_the_server_forget_it() -> None:
    """After five uses psycopg prepares a statement of its own, and at the next rollback has all of them forgotten."""
    two = Statement("SELECT %(n)s::int + 1", {"n": 1})
    assert in_transaction(lambda: value_of_last(two, done="2")) == "2"

    def look_often_and_fail() -> None:
        for _ in range(10):
            standing_here()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        in_transaction(look_often_and_fail)

    assert in_transaction(lambda: value_of_last(two, done="2")) == "2"
    assert in_transaction(lambda: value_of_last(two, done="2")) == "2"
