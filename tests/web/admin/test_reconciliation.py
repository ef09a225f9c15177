"""The pages of reconciliation: green once everything is explained, and two people for every entry."""

from datetime import timedelta
from io import BytesIO

import pytest

from portal.accounts.models import Role
from portal.core import clock
from portal.core.db import in_transaction
from portal.core.money import Money
from portal.payments import settling
from portal.payments.providers.base import Retry
from portal.reconciliation import sources
from portal.reconciliation.models import SourceKind
from tests import browsing, make
from tests.payments import stage
from tests.reconciliation.conftest import NOW, balance
from tests.reconciliation.conftest import House as Books
from tests.reconciliation.conftest import house as books
from tests.reconciliation.test_switched_off import switch_off
from tests.web.admin.conftest import Person, acts

__all__ = ["books"]

PAGE = "/admin/reconciliation/"
ACCOUNT = f"{PAGE}accounts/provider/stripe/CNY"


@pytest.fixture
def house(books: Books) -> Books:
    return books


def person(app, user) -> Person:
    browser = app.test_client()
    browser.set_cookie("language", "en")
    return Person(user, browsing.sign_in(browser, user))


@pytest.fixture
def fiona(app, books) -> Person:
    return person(app, books.fiona)


@pytest.fixture
def frank(app, books) -> Person:
    return person(app, books.frank)


@pytest.fixture
def ada(app, books) -> Person:
    return person(app, in_transaction(lambda: make.user(role=Role.AUDITOR, name="Ada")))


@pytest.fixture
def fee(books) -> str:
    """CNY 20.00 that Stripe took for nothing of ours; the address of its page."""
    books.booked("fee", -2_000, line_id="txn_monthly")
    books.fetch()
    return f"{PAGE}differences/{books.difference().id}"


def test_says_that_nothing_was_compared_yet(fiona):
    assert "Nothing was compared yet" in fiona.words(PAGE)


def test_is_green_when_both_say_the_same(fiona, books):
    payment = books.top_up()
    books.booked("payment", 10_000, fee=320, reference=payment.reference)
    books.fetch()

    words = fiona.words(PAGE)

    assert "Everything is explained." in words
    assert "Stripe · CNY all explained 96.80 96.80" in words
    assert "Both books say the same." in fiona.words(ACCOUNT)


def test_is_not_green_when_the_books_could_not_be_had(fiona, books):
    payment = books.top_up()
    books.booked("payment", 10_000, fee=320, reference=payment.reference)
    books.fetch()
    books.stub.failure = Retry("http_500")
    books.fetch()

    words = fiona.words(PAGE)

    assert "Every difference is explained, but some books are missing or too old." in words
    assert "not to be had http_500" in words


def test_is_not_green_while_the_first_books_of_a_source_cannot_be_had(fiona, books):
    """Stripe is compared and explained; nothing was ever had of a carrier, of which nothing was compared either."""
    payment = books.top_up()
    books.booked("payment", 10_000, fee=320, reference=payment.reference)
    books.fetch()
    assert "Everything is explained." in fiona.words(PAGE)

    books.fetch(in_transaction(lambda: sources.by_name(SourceKind.CARRIER, "sandbox-east")))

    words = fiona.words(PAGE)
    assert "Everything is explained." not in words
    assert "Every difference is explained, but some books are missing or too old." in words
    assert "sandbox-east not to be had" in words
    assert "since 22 Nov 2026, 14:18" in words


def test_is_not_green_while_money_moved_and_the_books_were_never_seen(fiona, books):
    books.top_up(paid=Money(9_000, "CNY"))  # held: in no account of ours

    words = fiona.words(PAGE)

    assert "Some books are missing or too old." in words
    assert "Stripe not compared yet since 22 Nov 2026, 14:18" in words
    assert "Everything is explained." not in words


def test_says_since_when_one_is_switched_off(fiona, books, monkeypatch):
    payment = books.top_up()
    books.booked("payment", 10_000, fee=320, reference=payment.reference)
    books.fetch()
    switch_off(monkeypatch)
    books.fetch()

    words = fiona.words(PAGE)
    assert "Everything is explained." in words
    assert "Stripe switched off since 22 Nov 2026, 14:18 It is asked no more; what is here stays compared." in words
    assert "switched off since 22 Nov 2026, 14:18" in fiona.words(ACCOUNT)


def test_says_where_there_is_nothing_to_compare(fiona, books):
    words = fiona.words(PAGE)

    assert "Stripe nothing to compare No money has moved there." in words
    assert "missing or too old" not in words


def test_the_overview_says_when_books_are_missing_for_long(fiona, books):
    assert "Others' books that cannot be had" not in fiona.words("/admin/")

    with clock.fixed(NOW - timedelta(hours=37)):
        books.top_up()

    assert "Others' books that cannot be had 1" in fiona.words("/admin/")


def test_names_what_is_not_explained_by_age(fiona, books, fee):
    words = fiona.words(PAGE)
    assert "One difference is not explained." in words
    assert "1 open" in words

    account = fiona.words(ACCOUNT)
    assert "Fee not booked txn_monthly not explained" in account
    assert "0–1 days" in account
    assert "No difference" in fiona.words(f"{ACCOUNT}?age=2-7")
    assert "Fee not booked" in fiona.words(f"{ACCOUNT}?age=0-1&state=open&kind=fee_not_booked")
    assert "No difference" in fiona.words(f"{ACCOUNT}?kind=held_payment")
    assert fiona.get(f"{ACCOUNT}?state=nonsense").status_code == 422


def test_the_file_lists_what_the_page_lists(fiona, books, fee):
    answer = fiona.get(f"{ACCOUNT}/differences.csv?state=open")

    lines = answer.data.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("reference,kind,state,currency,theirs,ours,difference")
    assert lines[1].startswith("txn_monthly,fee_not_booked,open,CNY,-20.00,0.00,-20.00,2026-11-22T06:17:07+00:00,0")


def test_a_note_that_looks_like_a_formula_stays_text(fiona, books, fee):
    fiona.post(f"{fee}/explain", explanation="accepted", note="=1+1")

    assert ",accepted,'=1+1,Fiona" in fiona.get(f"{ACCOUNT}/differences.csv").data.decode()


def test_explains_and_opens_again(fiona, books, fee):
    assert "Nobody told of this fee" in fiona.words(fee)
    assert fiona.post(f"{fee}/explain", explanation="accepted", note="").status_code == 422
    assert fiona.post(f"{fee}/explain", explanation="magic", note="x").status_code == 422

    assert fiona.post(f"{fee}/explain", explanation="accepted", note="monthly <b>fee</b>").status_code == 303

    words = fiona.words(fee)
    assert "It stays, and that is right" in words
    assert "monthly <b>fee</b>" in words
    assert "Everything is explained." in fiona.words(PAGE)
    assert acts()[-1].act == "reconciliation.explain"
    fiona.post(f"{fee}/reopen")
    assert books.differences() == [("fee_not_booked", "open", -2_000)]
    assert "Opened again Fiona · 22 Nov 2026, 14:18" in fiona.words(fee)


def test_one_proposes_and_another_posts(fiona, frank, books, fee):
    assert fiona.post(f"{fee}/mend", counter_account="revenue", what_for="x").status_code == 422
    assert fiona.post(f"{fee}/mend", counter_account="provider_fees", what_for="monthly fee").status_code == 303
    assert "somebody else has to agree" in fiona.words(fee)
    page = frank.page(fee)
    assert "Debit Provider fees Credit Clearing · stripe" in browsing.words(page)
    assert "Post CNY 20.00" in browsing.words(page)
    mend = page.partition("/admin/reconciliation/mends/")[2].partition("/")[0]

    assert fiona.post(f"{PAGE}mends/{mend}/approve").status_code == 409
    assert balance("provider_fees") == 0
    assert frank.post(f"{PAGE}mends/{mend}/approve").status_code == 303

    assert balance("provider_fees") == 2_000
    assert "made good" in frank.words(fee)
    assert frank.post(f"{PAGE}mends/{mend}/approve").status_code == 409
    assert "Everything is explained." in frank.words(PAGE)
    assert acts()[-1].act == "reconciliation.approve_mend"


def test_a_held_payment_is_decided_on_its_own_page(fiona, books):
    payment = books.top_up(paid=Money(9_000, "CNY"), fee=290)
    books.booked("payment", 9_000, fee=290, reference=payment.reference)
    books.fetch()
    address = f"{PAGE}differences/{books.difference().id}"

    words = fiona.words(address)
    refused = fiona.post(f"{address}/mend", counter_account="write_off", what_for="Somebody paid less")

    assert "Decide on it on the page of the payment." in words
    assert "Propose" not in words
    assert refused.status_code == 422
    assert "Proposed entry" not in fiona.words(address)


def test_the_overview_says_what_waits(fiona, books, fee):
    assert "Differences with others' books 1" in fiona.words("/admin/")

    fiona.post(f"{fee}/mend", counter_account="write_off", what_for="x")

    words = fiona.words("/admin/")
    assert "Entries for a second person to agree to 1" in words
    assert "Differences with others' books" not in words


def test_a_held_payment_waits_once_where_it_is_decided(fiona, books):
    payment = books.top_up(paid=Money(9_000, "CNY"), fee=290)
    books.booked("payment", 9_000, fee=290, reference=payment.reference)
    books.fetch()

    words = fiona.words("/admin/")

    assert books.differences() == [("held_payment", "open", 9_000)]
    assert "Payments of another sum than asked 1" in words
    assert "Differences with others' books" not in words


def test_what_is_explained_waits_for_nobody(fiona, books, fee):
    fiona.post(f"{fee}/explain", explanation="accepted", note="monthly fee")

    assert "Waits for somebody" not in fiona.words("/admin/")


def test_a_proposal_can_be_refused(fiona, frank, books, fee):
    fiona.post(f"{fee}/mend", counter_account="write_off", what_for="x")
    mend = frank.page(fee).partition("/admin/reconciliation/mends/")[2].partition("/")[0]

    assert frank.post(f"{PAGE}mends/{mend}/refuse").status_code == 303
    assert "Differences with others' books 1" in fiona.words("/admin/")
    assert balance("write_off") == 0


def test_says_that_a_proposal_lapsed(fiona, ada, books):
    payment = stage.top_up(books.agent, 10_000)
    books.booked("payment", 10_000, reference=payment.reference)
    books.fetch()
    address = f"{PAGE}differences/{books.difference().id}"
    fiona.post(f"{address}/mend", counter_account="write_off", what_for="nobody knows")
    assert "Entries for a second person to agree to 1" in fiona.words("/admin/")
    books.stub.settle(payment.reference, Money(10_000, "CNY"))
    settling.ask(payment.id)
    books.fetch()

    assert "nobody knows Fiona · the portal · 22 Nov 2026, 14:18 CNY 100.00 lapsed" in fiona.words(address)
    assert "Entries for a second person" not in fiona.words("/admin/")
    assert "Entry for a difference lapsed" in ada.words("/admin/audit")
    fiona.browser.set_cookie("language", "zh")
    assert "已失效" in fiona.words(address)


def test_records_what_is_at_the_bank_and_books_it(fiona, books):
    payment = books.top_up()
    books.booked("payment", 10_000, fee=320, reference=payment.reference)
    books.booked("payout", -9_680, payout_id="po_1")
    books.fetch()
    assert "CNY 96.80" in fiona.words(f"{PAGE}bank")
    assert "po_1" in fiona.words(f"{PAGE}bank")

    answer = fiona.post(
        f"{PAGE}bank",
        provider="stripe",
        amount="96.80",
        currency="CNY",
        bank_reference="icbc 1",
        received_on="2026-11-22",
    )
    assert answer.status_code == 303
    books.fetch()

    words = fiona.words(f"{PAGE}bank")
    assert "ICBC 1 Bank · Stripe CNY 96.80" in words
    assert "Nothing is under way" in words
    assert balance("bank") == 9_680


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "-5"),
        ("amount", "１００"),
        ("amount", "1e3"),
        ("amount", "0"),
        ("bank_reference", ""),
        ("received_on", "2026-11-24"),
        ("received_on", "soon"),
        ("provider", "somebody"),
        ("provider", "alipay"),  # known, but its books are none of ours
        ("currency", "XXQ"),
    ],
)
def test_refuses_a_line_that_cannot_be(fiona, books, field, value):
    fields = {
        "provider": "stripe",
        "amount": "96.80",
        "currency": "CNY",
        "bank_reference": "ICBC 1",
        "received_on": "2026-11-22",
    }

    assert fiona.post(f"{PAGE}bank", **fields | {field: value}).status_code == 422


def test_a_line_is_matched_by_hand(fiona, books):
    books.booked("payout", -9_680, payout_id="po_1")
    books.fetch()
    line = books.arrived(9_600)
    assert "Match and book CNY 96.00" in fiona.words(f"{PAGE}bank")

    assert fiona.post(f"{PAGE}bank/{line.id}/match", payout="po_9").status_code == 404
    assert fiona.post(f"{PAGE}bank/{line.id}/match", payout="po_1").status_code == 303
    assert fiona.post(f"{PAGE}bank/{line.id}/match", payout="po_1").status_code == 409
    assert balance("bank") == 9_600


def upload(person: Person, text: str):
    token = browsing.csrf_token(person.browser.get("/password").text)
    return person.browser.post(
        f"{PAGE}bank/file", data={"csrf_token": token, "file": (BytesIO(text.encode()), "bank.csv")}
    )


HEADER = "provider,bank_reference,amount,currency,received_on\n"


def test_a_file_is_recorded_whole_and_once(fiona, books):
    text = f"{HEADER}stripe,ICBC 1,96.80,CNY,2026-11-21\nStripe,ICBC 2,10.00,usd,2026-11-22\n"

    assert upload(fiona, text).status_code == 303
    assert upload(fiona, text).status_code == 303

    words = fiona.words(f"{PAGE}bank")
    assert "ICBC 1 Bank · Stripe CNY 96.80" in words
    assert "ICBC 2 Bank · Stripe USD 10.00" in words
    assert words.count("ICBC 1 ") == 1


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("nobody,ICBC 2,96.80,CNY,2026-11-21", "provider"),
        ("stripe,,96.80,CNY,2026-11-21", "bank_reference"),
        ("stripe,ICBC 2,96.805,CNY,2026-11-21", "amount"),
        ("stripe,ICBC 2,96.80,YEN,2026-11-21", "currency"),
        ("stripe,ICBC 2,96.80,CNY,21.11.2026", "received_on"),
        ("stripe,ICBC 2,96.80,CNY,2027-11-21", "received_on"),
        ("stripe,ICBC 1,96.81,CNY,2026-11-21", "bank_reference"),
        ("stripe,ICBC 2,96.80,CNY", "columns"),
    ],
)
def test_one_faulty_line_refuses_the_file(fiona, books, line, column):
    answer = upload(fiona, f"{HEADER}stripe,ICBC 1,96.80,CNY,2026-11-21\n{line}\n")

    assert answer.status_code == 422
    assert f"Line 3 cannot be read: look at “{column}”. Nothing was recorded." in browsing.words(answer.text)
    assert "No line yet" in fiona.words(f"{PAGE}bank")


@pytest.mark.parametrize("text", ["", "\n", "a,b\n", "provider,bank_reference\n", '"', "\0"])
def test_refuses_what_is_no_such_file(fiona, books, text):
    assert upload(fiona, text).status_code == 422


def test_has_everything_fetched(fiona, books, app):
    assert fiona.post(f"{PAGE}fetch").status_code == 303
    assert fiona.post(f"{PAGE}fetch", source=str(books.stripe.id)).status_code == 303
    assert fiona.post(f"{PAGE}fetch", source="0192f0c1-0000-7000-8000-000000000000").status_code == 404
    assert acts()[-1].act == "reconciliation.fetch"


def test_an_auditor_looks_and_changes_nothing(ada, books, fee):
    words = ada.words(PAGE)
    assert "Fetch" not in words.replace("Next fetch", "").replace("fetched", "")
    assert "Explain it" not in ada.words(fee)
    assert "Record a line" not in ada.words(f"{PAGE}bank")
    for path in (f"{PAGE}fetch", f"{fee}/explain", f"{fee}/reopen", f"{fee}/mend", f"{PAGE}bank", f"{PAGE}bank/file"):
        assert ada.post(path).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "accounts/provider/stripe/USD",
        "accounts/provider/nobody/CNY",
        "accounts/nonsense/stripe/CNY",
        "accounts/provider/stripe/CNY/x",
        "differences/x",
        "differences/0192f0c1-0000-7000-8000-000000000000",
    ],
)
def test_what_is_not_there_is_not_found(fiona, books, fee, path):
    assert fiona.get(f"{PAGE}{path}").status_code == 404


def test_speaks_chinese(app, books, fee, fiona):
    fiona.browser.set_cookie("language", "zh")

    assert fiona.get(PAGE).status_code == 200
    assert fiona.get(fee).status_code == 200
