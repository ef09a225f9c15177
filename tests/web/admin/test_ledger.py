import pytest

from portal.core.db import in_transaction
from portal.wallets import queries as wallets
from tests import browsing, make


def test_every_currency_balances(ada, house, carrier):
    house.deliver()
    in_transaction(lambda: make.money_in(house.agent, 5000, currency="JPY"))

    words = ada.words("/admin/ledger")

    assert "Trial balance CNY balances" in words
    assert "Trial balance JPY balances" in words
    assert "Bank Assets 1,000.00" in words
    assert "Agent wallet Liabilities 895.00" in words
    assert "JPY 5,000 5,000" in words


def test_lists_accounts_by_kind_currency_and_agent(fiona, house, carrier):
    house.deliver()

    def found(query: str) -> str:
        return browsing.words(fiona.page(f"/admin/ledger?{query}").partition('id="list"')[2])

    assert "Agent wallet · Global Link Liabilities CNY 895.00" in found("kind=agent_wallet")
    assert "Escrow" not in found("kind=agent_wallet")
    assert "Commission earned · Global Link Liabilities CNY 8.00" in found("agent=Global+Link")
    assert "Bank" not in found("agent=Global+Link")
    assert "No account fits." in found("currency=USD")


@pytest.mark.parametrize("query", ["kind=x", "currency=RMB", "agent=Nobody"])
def test_refuses_what_cannot_be_read(dana, query):
    answer = dana.get(f"/admin/ledger?{query}")

    assert answer.status_code == 422
    assert "Nothing is listed while a filter cannot be read." in browsing.words(answer.text)


def test_a_statement_shows_each_movement_with_its_balance(fiona, house, carrier):
    house.deliver()
    wallet = wallets.in_currency(house.agent.id, "CNY")

    page = fiona.page(f"/admin/ledger/{wallet.account_id}")

    words = browsing.words(page)
    assert "Agent wallet · Global Link Agent Balance CNY 895.00" in words
    assert "14:18:07 Hold Renewal Escrow −105.00 895.00" in words
    assert "14:18:07 Top-up Top-up Bank 1,000.00 1,000.00" in words


def test_a_statement_pages(dana, house):
    for _ in range(55):
        in_transaction(lambda: make.money_in(house.agent, 100))
    path = f"/admin/ledger/{wallets.in_currency(house.agent.id, 'CNY').account_id}"

    first = dana.page(path)
    link = first.partition('rel="next"')[2].partition('href="')[2].partition('"')[0]

    assert "1,055.00" in first
    assert "1,000.00 1,000.00" in browsing.words(dana.page(link))


@pytest.mark.parametrize("key", ["older=x", "older=99999999999999999999", "newer=%C2%B2"])
def test_takes_odd_keys_for_the_first_page(dana, house, key):
    path = f"/admin/ledger/{wallets.in_currency(house.agent.id, 'CNY').account_id}"

    assert "1,000.00" in dana.words(f"{path}?{key}")
    assert dana.get(f"/admin/ledger?{key}").status_code == 200


@pytest.mark.parametrize("odd", ["0", "x", "-1", "99999999999999999999", "%C2%B2"])
def test_an_unknown_account_is_not_found(dana, odd):
    assert dana.get(f"/admin/ledger/{odd}").status_code == 404
