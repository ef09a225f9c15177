"""Finance records what an agent paid in by bank: once for each bank reference."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.accounts.models import Role, User
from portal.agents.models import Agent
from portal.audit.models import AuditRecord
from portal.core import ids
from portal.core.db import db
from portal.core.errors import InvalidInput
from portal.core.money import Money
from portal.ledger import chart, queries
from portal.wallets import topping_up
from portal.wallets.errors import BankReferenceUsed
from portal.wallets.models import TopUp
from tests import make
from tests.ledger.books import live_balance, net


def pay_in(
    agent: Agent,
    finance: User,
    amount: Money = Money(100_000, "CNY"),  # noqa: B008 - frozen
    *,
    bank_reference: str = "ICBC 2026-11-20 0001",
    note: str = "",
) -> TopUp:
    return topping_up.record(
        agent_id=agent.id,
        amount=amount,
        bank_reference=bank_reference,
        received_on=date(2026, 11, 20),
        note=note,
        actor=make.actor(finance),
    )


@pytest.fixture
def alice(session: object) -> Agent:
    return make.agent()


@pytest.fixture
def finance(session: object) -> User:
    return make.user(role=Role.FINANCE, name="Fiona")


def test_credits_the_wallet_against_the_bank(alice: Agent, finance: User) -> None:
    top_up = pay_in(alice, finance)

    wallet = chart.agent_wallet(alice.id)
    assert (live_balance(wallet), net(chart.BANK)) == (100_000, -100_000)
    (entry,) = queries.entries_of(top_up.id)
    assert (entry.kind, entry.key) == ("top_up", f"top_up:{top_up.id}")
    assert [(t.debit_account, t.credit_account, t.amount) for t in entry.transfers] == [
        ("bank", wallet.name, Money(100_000, "CNY"))
    ]


def test_keeps_what_finance_wrote_down(alice: Agent, finance: User) -> None:
    top_up = pay_in(alice, finance, note="November")

    assert top_up.reference.startswith("T-")
    assert (top_up.amount, top_up.received_on, top_up.note) == (Money(100_000, "CNY"), date(2026, 11, 20), "November")
    assert top_up.recorded_by == finance.id
    (record,) = db.session.scalars(select(AuditRecord).where(AuditRecord.subject_id == top_up.id)).all()
    assert (record.act, record.actor_name) == ("wallets.top_up", "Fiona")
    assert record.after["amount_minor"] == 100_000  # type: ignore[index]


def test_opens_a_wallet_in_another_currency(alice: Agent, finance: User) -> None:
    pay_in(alice, finance, Money(5_000, "JPY"))

    assert live_balance(chart.agent_wallet(alice.id), currency="JPY") == 5_000


@pytest.mark.parametrize(
    "same",
    ["ICBC 2026-11-20 0001", "icbc 2026-11-20 0001", "  ICBC   2026-11-20\t0001 ", "ICBC\u3000\u00a02026-11-20 0001"],
)
def test_a_bank_reference_counts_once_however_it_is_typed(alice: Agent, finance: User, same: str) -> None:
    first = pay_in(alice, finance)

    with pytest.raises(BankReferenceUsed) as refused:
        pay_in(alice, finance, Money(1, "CNY"), bank_reference=same)

    assert refused.value.parts["reference"] == first.reference
    assert live_balance(chart.agent_wallet(alice.id)) == 100_000


@pytest.mark.parametrize(
    ("minor", "bank_reference", "field"),
    [(0, "X", "amount"), (-100, "X", "amount"), (100, "", "bank_reference"), (100, " \t", "bank_reference")],
)
def test_refuses_nothing_and_nameless_money(
    alice: Agent, finance: User, minor: int, bank_reference: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        pay_in(alice, finance, Money(minor, "CNY"), bank_reference=bank_reference)

    assert refused.value.parts["field"] == field
    assert net(chart.BANK) == 0


def test_an_agent_that_is_not_there_is_no_reason_to_look_again(alice: Agent, finance: User) -> None:
    stranger = Agent(id=ids.new_id())

    with pytest.raises(IntegrityError, match="fk_top_ups_agent_id_agents"):
        pay_in(stranger, finance)
