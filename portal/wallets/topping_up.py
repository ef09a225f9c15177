"""Record money that an agent paid in by bank."""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from portal.audit import log
from portal.core import bank_references, ids, uniqueness
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import InvalidInput
from portal.core.money import Money
from portal.ledger import chart, journal
from portal.ledger.journal import EntryDraft, Line
from portal.wallets.errors import BankReferenceUsed
from portal.wallets.models import TopUp


def record(*, agent_id: UUID, amount: Money, bank_reference: str, received_on: date, note: str, actor: Actor) -> TopUp:
    """Credit an agent's wallet with a bank transfer; each bank reference counts once.

    Raises:
        BankReferenceUsed: a top-up with this bank reference was recorded before.
        InvalidInput: the amount is not positive, or the bank reference is missing or too long.
    """
    bank_reference = bank_references.read(bank_reference)
    if amount.minor <= 0:
        raise InvalidInput(field="amount", reason="amount_zero")
    standing = db.session.scalar(select(TopUp).where(TopUp.bank_reference == bank_reference))
    if standing is not None:
        raise BankReferenceUsed(field="bank_reference", bank_reference=bank_reference, reference=standing.reference)
    top_up = TopUp(
        id=ids.new_id(),
        reference=ids.reference("T"),
        agent_id=agent_id,
        currency=amount.currency,
        amount_minor=amount.minor,
        bank_reference=bank_reference,
        received_on=received_on,
        note=note,
        recorded_by=actor.id,
    )
    db.session.add(top_up)
    # The same transfer must be refused before money moves; a reference of ours that is taken is drawn again.
    uniqueness.flush("uq_top_ups_bank_reference", "uq_top_ups_reference")
    chart.open_accounts([chart.BANK, chart.agent_wallet(agent_id)], amount.currency)
    journal.post(
        EntryDraft(
            key=f"top_up:{top_up.id}",
            kind="top_up",
            subject_kind="top_up",
            subject_id=top_up.id,
            currency=amount.currency,
            lines=(Line(chart.BANK, chart.agent_wallet(agent_id), amount.minor),),
        )
    )
    log.record(
        actor=actor,
        act="wallets.top_up",
        subject=("top_up", top_up.id),
        after={
            "agent_id": agent_id,
            "amount_minor": amount.minor,
            "currency": amount.currency,
            "bank_reference": bank_reference,
        },
    )
    return top_up
