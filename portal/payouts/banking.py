"""Keep where payouts go, where they come from, and the smallest one."""

from uuid import UUID

from portal.audit import log
from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import InvalidInput
from portal.core.money import Money
from portal.payouts import bank_account
from portal.payouts.bank_account import BankAccount
from portal.payouts.models import AgentBankAccount, PayoutConditions


def keep(*, agent_id: UUID, currency: str, account: BankAccount, actor: Actor) -> AgentBankAccount:
    """Keep an agent's account for a currency, encrypted; payouts asked for earlier keep the account they had."""
    standing = db.session.get(AgentBankAccount, (agent_id, currency), with_for_update=True, populate_existing=True)
    before = standing.bank_label if standing else None
    kept = standing or AgentBankAccount(agent_id=agent_id, currency=currency)
    kept.bank_account = bank_account.sealed(account)
    kept.bank_label = account.label
    kept.set_by_name = actor.name
    kept.set_at = clock.now()
    db.session.add(kept)
    db.session.flush()  # the record below must not stand for an account that cannot be kept
    log.record(
        actor=actor,
        act="payouts.keep_bank_account",
        subject=("agent", agent_id),
        before={"account": before, "currency": currency} if before else None,
        after={"account": kept.bank_label, "currency": currency},
    )
    return kept


def set_conditions(*, minimum: Money, account: BankAccount | None, actor: Actor) -> PayoutConditions:
    """Set the smallest payout of a currency and the operator's account; without one, the account stays as it is.

    Raises:
        InvalidInput: the minimum is negative.
    """
    if minimum.minor < 0:
        raise InvalidInput(field="minimum", reason="amount_negative")
    currency = minimum.currency
    standing = db.session.get(PayoutConditions, currency, with_for_update=True, populate_existing=True)
    before = {"minimum_minor": standing.minimum_minor, "account": standing.bank_label} if standing else None
    kept = standing or PayoutConditions(currency=currency, bank_label="")
    kept.minimum_minor = minimum.minor
    if account is not None:
        kept.bank_account = bank_account.sealed(account)
        kept.bank_label = account.label
    db.session.add(kept)
    db.session.flush()  # the record below must not stand for conditions that cannot be kept
    log.record(
        actor=actor,
        act="payouts.set_conditions",
        subject=("payout_conditions", None),
        before=before,
        after={"currency": currency, "minimum_minor": minimum.minor, "account": kept.bank_label},
    )
    return kept


def conditions(currency: str) -> PayoutConditions:
    """Give the conditions of a currency; where none were set, any amount is paid."""
    found = db.session.get(PayoutConditions, currency, populate_existing=True)
    return found or PayoutConditions(currency=currency, minimum_minor=0, bank_label="")
