"""An agent's wallets as pages list them."""

from flask import Flask

from portal.wallets import queries
from tests import make


def test_lists_wallets_by_currency_whatever_their_figures_and_empty_ones_last(app: Flask) -> None:
    alice = make.agent(currency="AUD")
    make.money_in(alice, 9_000, currency="JPY")  # more minor units than CNY 10.00, and less money than them
    make.money_in(alice, 1_000, currency="CNY")

    assert [wallet.currency for wallet in queries.of_agent(alice.id)] == ["CNY", "JPY", "AUD"]
