from datetime import timedelta
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from portal.accounts.models import Role
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.payouts import bank_account, banking, closing, earnings, requesting
from portal.payouts.models import Payout, PayoutRun, PayoutRunState, PayoutState, StatementMonth
from portal.payouts.pain001 import NAMESPACE
from tests import browsing, make
from tests.web.admin.conftest import NOW, Person, acts

PATH = "/admin/payouts/"


@pytest.fixture
def frank(app, house):
    """Finance, too."""
    user = in_transaction(lambda: make.user(role=Role.FINANCE, name="Frank"))
    browser = app.test_client()
    browser.set_cookie("language", "en")
    return Person(user, browsing.sign_in(browser, user))


@pytest.fixture
def asked(house, carrier):
    """A payout of CNY 8.00 that alice asked for."""
    with clock.fixed(NOW - timedelta(days=40)):
        house.deliver()
    account = bank_account.read(holder="+Global Link", bank="ICBC", number="6222021001112223334", bic="ICBKCNBJ")
    actor = make.actor(house.owner)
    in_transaction(lambda: banking.keep(agent_id=house.agent.id, currency="CNY", account=account, actor=actor))
    return in_transaction(
        lambda: requesting.request(agent_id=house.agent.id, amount=Money(800, "CNY"), idempotency_key="k", actor=actor)
    )


def prepare(person, *payouts):
    answer = person.post(f"{PATH}runs", currency="CNY", payout=[str(one.id) for one in payouts])
    assert answer.status_code == 303
    return answer.location


@pytest.fixture
def approved(fiona, frank, asked):
    address = prepare(fiona, asked)
    assert frank.post(f"{address}/approve").status_code == 303
    return address


def state(payout):
    return db.session.get(Payout, payout.id, populate_existing=True).state


def test_lists_what_waits_by_currency(fiona, asked):
    words = fiona.words(PATH)

    assert "Asked for in CNY" in words
    assert "Global Link" in words
    assert "ICBC •••• 3334 CNY 8.00" in words


def test_one_prepares_and_another_approves(fiona, frank, asked):
    address = prepare(fiona, asked)

    assert "somebody else has to approve it" in fiona.words(address)
    assert fiona.post(f"{address}/approve").status_code == 409
    assert state(asked) is PayoutState.IN_RUN
    assert "Approve CNY 8.00" in frank.words(address)
    frank.post(f"{address}/approve")

    assert state(asked) is PayoutState.APPROVED


def test_the_csv_names_the_account_and_runs_no_formula(fiona, approved, asked):
    answer = fiona.post(f"{approved}/file", format="csv")

    lines = answer.data.decode("utf-8-sig").splitlines()
    assert lines[0] == "reference,holder,bank,account,bic,amount,currency,purpose"
    assert lines[1] == (
        f"{asked.reference},'+Global Link,ICBC,6222021001112223334,ICBKCNBJ,8.00,CNY,Commission {asked.reference}"
    )
    assert acts()[-1].act == "payouts.take_bank_file"


def test_the_message_for_the_bank_needs_our_own_account(fiona, approved):
    assert fiona.post(f"{approved}/file", format="xml").status_code == 409

    fiona.post(
        f"{PATH}conditions",
        currency="CNY",
        minimum="0",
        holder="LEB Communications",
        bank="Bank of China",
        number="4563510100892881",
        bic="BKCHCNBJ",
    )

    root = ElementTree.fromstring(fiona.post(f"{approved}/file", format="xml").data)
    assert root.tag == f"{{{NAMESPACE}}}Document"


def test_no_file_before_approval(fiona, asked):
    address = prepare(fiona, asked)

    assert fiona.post(f"{address}/file", format="csv").status_code == 409


def test_records_the_banks_reference(fiona, approved, asked, house):
    answer = fiona.post(f"{approved}/paid", bank_reference="icbc 4711", paid_on="2026-11-22")

    assert answer.status_code == 303
    assert state(asked) is PayoutState.PAID
    assert earnings.in_currency(house.agent.id, "CNY").balance.minor == 0
    assert "ICBC 4711" in fiona.words(approved)
    assert db.session.scalars(select(PayoutRun)).one().state is PayoutRunState.DONE


@pytest.mark.parametrize(
    ("reference", "paid_on"), [("", "2026-11-22"), ("x" * 61, "2026-11-22"), ("ICBC", "2026-11-24"), ("ICBC", "soon")]
)
def test_refuses_a_record_that_cannot_be(fiona, approved, asked, reference, paid_on):
    assert fiona.post(f"{approved}/paid", bank_reference=reference, paid_on=paid_on).status_code == 422
    assert state(asked) is PayoutState.APPROVED


def test_what_the_bank_refused_is_payable_again(fiona, approved, asked, house):
    run_id = approved.rpartition("/")[2]
    answer = fiona.post(f"{PATH}{asked.id}/refuse", why="account closed", run=run_id)

    assert answer.location == approved
    assert "account closed" in fiona.words(approved)
    assert earnings.in_currency(house.agent.id, "CNY").payable.minor == 800


def test_what_the_bank_sent_back_is_payable_again(fiona, approved, asked, house):
    fiona.post(f"{approved}/paid", bank_reference="icbc 4711", paid_on="2026-11-22")

    fiona.post(f"{PATH}{asked.id}/returned", why="account closed")

    assert earnings.in_currency(house.agent.id, "CNY").payable.minor == 800


def test_a_discarded_run_lets_its_payouts_wait_again(fiona, asked):
    address = prepare(fiona, asked)

    fiona.post(f"{address}/discard")

    assert state(asked) is PayoutState.REQUESTED


def test_an_empty_run_is_refused(fiona, asked):
    assert fiona.post(f"{PATH}runs", currency="CNY").status_code == 422


def test_the_minimum_can_be_set_without_touching_our_account(fiona):
    fiona.post(f"{PATH}conditions", currency="CNY", minimum="0", holder="LEB", bank="BoC", number="4563510", bic="")
    fiona.post(f"{PATH}conditions", currency="CNY", minimum="100")

    kept = banking.conditions("CNY")
    assert (kept.minimum_minor, kept.bank_label) == (10_000, "BoC •••• 3510")
    assert "CNY 100.00" in fiona.words(f"{PATH}conditions")
    assert browsing.field_value(fiona.page(f"{PATH}conditions?currency=CNY"), "minimum") == "100.00"


def test_lists_the_statements_of_a_month(fiona, asked):
    assert "No statement yet" in fiona.words(f"{PATH}statements")
    in_transaction(lambda: closing.begin(clock.today("Asia/Shanghai").replace(month=10, day=1)))
    closing.close(db.session.scalars(select(StatementMonth)).one().id)

    assert "2026-10 Global Link" in fiona.words(f"{PATH}statements")


def test_an_auditor_looks_and_changes_nothing(ada, fiona, asked):
    address = prepare(fiona, asked)

    assert "Approve" not in ada.words(address).replace("Approved", "")
    assert ada.post(f"{address}/approve").status_code == 403
    assert ada.post(f"{address}/file", format="csv").status_code == 403
    assert ada.get(f"{PATH}conditions").status_code == 403
