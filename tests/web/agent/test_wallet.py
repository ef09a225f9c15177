import csv
import io

import pytest

from portal.core.db import db, in_transaction
from portal.wallets.models import TopUp
from tests import browsing, make


def rows(answer) -> list[list[str]]:
    text = answer.data.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_shows_every_movement_with_the_balance_after_it(counter):
    renewal_id = counter.place()

    page = counter.get("/agent/wallet").text

    words = browsing.words(page)
    assert "−105.00 895.00" in words
    assert "+1,000.00 1,000.00" in words
    assert words.index("−105.00") < words.index("+1,000.00")
    assert f"/agent/renewals/{renewal_id}" in page
    assert "BANK-" in words


def test_shows_what_can_be_spent(counter):
    in_transaction(lambda: make.credit_limit(counter.agent, 200_000))

    words = counter.words("/agent/wallet")

    assert "Balance CNY 1,000.00" in words
    assert "Credit limit CNY 2,000.00" in words
    assert "You can spend CNY 3,000.00" in words


def test_keeps_currencies_apart(counter):
    in_transaction(lambda: make.money_in(counter.agent, 5_000, currency="JPY"))

    words = counter.words("/agent/wallet?currency=JPY")

    assert "JPY 5,000" in words
    assert "1,000.00" not in words


@pytest.mark.parametrize(
    "path", ["/agent/wallet?currency=USD", "/agent/wallet.csv?currency=USD", "/agent/wallet?currency=x"]
)
def test_knows_no_wallet_that_was_never_opened(counter, path):
    assert counter.get(path).status_code == 404


@pytest.mark.parametrize("odd", ["older=x", "older=-1", "older=99999999999999999999", "newer=%C2%B2"])
def test_takes_odd_keys_for_the_first_page(counter, odd):
    assert counter.get(f"/agent/wallet?{odd}").status_code == 200


def test_gives_the_whole_statement_as_a_file(counter):
    counter.place()

    answer = counter.get("/agent/wallet.csv?currency=CNY")

    head, first, second = rows(answer)
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="wallet-CNY.csv"'
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert head == ["Time", "What", "Reference", "Details", "Amount", "Balance", "Currency"]
    assert (first[1], first[4:]) == ("Top-up", ["1000.00", "1000.00", "CNY"])
    assert (second[1], second[3], second[4:]) == ("Renewal", "Carol Chan", ["-105.00", "895.00", "CNY"])
    assert first[0].startswith("2026-11-22 14:18:00 +08:00")


@pytest.mark.parametrize("name", ["=1+1", "@SUM(A1)", "+86", "-2", "\tx", "＝1+1"])
def test_no_cell_of_the_file_is_a_formula(counter, name):
    in_transaction(lambda: setattr(db.session.merge(counter.customer), "name", name))
    counter.place()

    cell = rows(counter.get("/agent/wallet.csv"))[-1][3]

    assert cell == f"'{name}"


def test_a_long_statement_pages_by_keyset_and_comes_whole_as_a_file(counter):
    in_transaction(lambda: [make.spend(counter.agent, 100) for _ in range(60)])

    first = counter.get("/agent/wallet").text

    assert first.count("−1.00") == 20
    assert "older=" in first
    assert first.index('href="#low-balance"') < first.index("−1.00")
    assert len(rows(counter.get("/agent/wallet.csv"))) == 62


def test_another_agents_top_ups_are_not_there(counter, bob):
    reference = db.session.query(TopUp.bank_reference).scalar()

    assert reference not in bob.get("/agent/wallet").text
    assert reference not in bob.get("/agent/wallet.csv").text


def test_says_how_to_top_up(counter):
    words = counter.words("/agent/wallet")

    assert "How to top up" in words
    assert counter.agent.licence_number in words
