from datetime import timedelta
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from portal.accounts.models import Role
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.payouts import bank_account, banking, closing, earnings, requesting
from portal.payouts.models import AgentBankAccount, Payout, PayoutRun, PayoutRunState, PayoutState, StatementMonth
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
    answer = fiona.post(f"{approved}/paid", bank_reference=reference, paid_on=paid_on)

    assert answer.status_code == 422
    assert "field-error" in answer.text
    assert browsing.field_value(answer.text, "bank_reference") == reference
    assert state(asked) is PayoutState.APPROVED


def test_a_day_still_to_come_is_told_beside_its_field(fiona, approved):
    page = fiona.post(f"{approved}/paid", bank_reference="ICBC 4711", paid_on="2026-11-24").text

    assert "This day is still to come." in page
    assert browsing.field_value(page, "paid_on") == "2026-11-24"


def test_a_paid_run_says_what_was_paid_and_where_the_bank_has_it(fiona, approved):
    assert "To pay CNY 8.00" in fiona.words(approved)

    fiona.post(f"{approved}/paid", bank_reference="icbc 4711", paid_on="2026-11-22")

    words = fiona.words(approved)
    assert "Paid CNY 8.00 · ICBC 4711" in words
    assert "To pay" not in words


def test_who_approves_sees_the_holder_and_that_the_account_is_new(fiona, frank, asked):
    address = prepare(fiona, asked)

    words = frank.words(address)
    assert "+Global Link ICBC •••• 3334 account changed on 22 Nov 2026 by Alice" in words

    kept = db.session.scalars(select(AgentBankAccount)).one()
    in_transaction(lambda: setattr(kept, "set_at", NOW - timedelta(days=14)))
    assert "account changed" not in frank.words(address)


def test_who_approves_sees_that_the_account_was_changed_after_it_was_asked_for(fiona, frank, asked, house):
    other = bank_account.read(holder="Mallory", bank="Elsewhere", number="99999999", bic="")
    with clock.fixed(NOW + timedelta(days=1)):
        in_transaction(
            lambda: banking.keep(agent_id=house.agent.id, currency="CNY", account=other, actor=make.actor(house.owner))
        )

    words = frank.words(prepare(fiona, asked))

    assert "+Global Link ICBC •••• 3334 asked for before the account was changed on 23 Nov 2026" in words
    assert "Mallory" not in words


def test_a_payout_needs_a_word_of_the_bank_to_be_refused(fiona, approved, asked):
    answer = fiona.post(f"{PATH}{asked.id}/refuse", why=" ")

    assert answer.status_code == 422
    assert f'id="why-{asked.id}-error"' in answer.text
    assert state(asked) is PayoutState.APPROVED


def test_the_page_leads_to_our_own_account_where_the_message_lacks_it(fiona, approved):
    page = fiona.page(approved)

    assert "our own in CNY is not entered yet" in page
    assert 'href="/admin/payouts/conditions?currency=CNY"' in page
    assert 'value="xml"' not in page
    assert browsing.field_value(fiona.page(f"{PATH}conditions?currency=CNY"), "currency") == "CNY"


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
