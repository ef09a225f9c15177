import pytest
from sqlalchemy.orm import Session

from portal.core.money import Money
from portal.wallets import queries, statement
from tests import make


@pytest.fixture
def wallet(session: Session):
    alice = make.agent()
    make.money_in(alice, 100_000)
    for _ in range(55):
        make.spend(alice, 100)
    return queries.in_currency(alice.id, "CNY")


def test_gives_the_newest_movements_first_with_the_balance_after_each(wallet):
    page = statement.page(wallet)

    assert [movement.amount for movement in page.rows[:2]] == [Money(-100, "CNY")] * 2
    assert [movement.balance for movement in page.rows[:2]] == [Money(94_500, "CNY"), Money(94_600, "CNY")]
    assert len(page.rows) == 50


def test_leads_to_the_older_ones_and_back(wallet):
    first = statement.page(wallet)
    second = statement.page(wallet, older=first.older)
    back = statement.page(wallet, newer=second.newer)

    assert len(second.rows) == 6
    assert second.rows[-1].amount == Money(100_000, "CNY")
    assert second.older is None
    assert [movement.id for movement in back.rows] == [movement.id for movement in first.rows]


def test_gives_all_of_it_the_oldest_first(wallet, monkeypatch):
    monkeypatch.setattr(statement, "CHUNK", 20)

    chunks = list(statement.whole(wallet))

    assert [len(chunk) for chunk in chunks] == [20, 20, 16]
    assert chunks[0][0].is_in
    assert chunks[-1][-1].balance == wallet.balance


def test_shows_nothing_of_another_wallet(wallet):
    bob = make.agent(name_en="Pacific Roam")

    assert statement.page(queries.in_currency(bob.id, "CNY")).rows == []
