"""Take earned commission: ask for it by bank, move it to the wallet, or take the request back."""

from uuid import UUID

from sqlalchemy import select

from portal.audit import log
from portal.core import clock, ids, turns, uniqueness
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import InvalidInput, NotFound
from portal.core.money import Money
from portal.ledger import chart, journal
from portal.ledger.journal import EntryDraft, Line
from portal.payouts import banking, earnings
from portal.payouts.errors import BankAccountMissing, BelowMinimum, NotPayable, PayoutMoved
from portal.payouts.models import AgentBankAccount, Payout, PayoutDestination, PayoutState


def request(*, agent_id: UUID, amount: Money, idempotency_key: str, actor: Actor) -> Payout:
    """Ask for a payout by bank; the amount is promised until it is paid, refused or cancelled.

    Asking again with the same key gives the first one.

    Raises:
        NotPayable: more is asked for than is payable now.
        BelowMinimum: the operator pays no such small amount.
        BankAccountMissing: the agent named no account for the currency.
        InvalidInput: the amount is not positive.
    """
    _check(amount, idempotency_key)
    wait_for_turn(agent_id, amount.currency)
    standing = _standing(agent_id, idempotency_key, PayoutDestination.BANK)
    if standing is not None:
        return standing
    minimum = banking.conditions(amount.currency).minimum
    if amount < minimum:
        raise BelowMinimum(field="amount", minimum=minimum)
    account = db.session.get(AgentBankAccount, (agent_id, amount.currency), populate_existing=True)
    if account is None:
        raise BankAccountMissing(currency=amount.currency)
    asked = Payout(
        agent_id=agent_id,
        destination=PayoutDestination.BANK,
        state=PayoutState.REQUESTED,
        bank_account=account.bank_account,
        bank_label=account.bank_label,
    )
    _promise(asked, amount=amount, key=idempotency_key, actor=actor)
    log.record(actor=actor, act="payouts.request", subject=("payout", asked.id), after=_told(asked))
    return asked


def move_to_wallet(*, agent_id: UUID, amount: Money, idempotency_key: str, actor: Actor) -> Payout:
    """Move payable commission into the agent's wallet at once; moving again with the same key changes nothing.

    Raises:
        NotPayable: more is asked for than is payable now.
        InvalidInput: the amount is not positive.
    """
    _check(amount, idempotency_key)
    wait_for_turn(agent_id, amount.currency)
    standing = _standing(agent_id, idempotency_key, PayoutDestination.WALLET)
    if standing is not None:
        return standing
    moved = Payout(
        agent_id=agent_id, destination=PayoutDestination.WALLET, state=PayoutState.PAID, ended_at=clock.now()
    )
    _promise(moved, amount=amount, key=idempotency_key, actor=actor)
    journal.post(
        EntryDraft(
            key=f"payout:{moved.id}",
            kind="commission",
            subject_kind="payout",
            subject_id=moved.id,
            currency=moved.currency,
            lines=(Line(chart.commission_earned(agent_id), chart.agent_wallet(agent_id), moved.amount_minor),),
        )
    )
    log.record(actor=actor, act="payouts.move_to_wallet", subject=("payout", moved.id), after=_told(moved))
    return moved


def cancel(*, agent_id: UUID, payout_id: UUID, actor: Actor) -> None:
    """Take a request back before finance has begun with it.

    Raises:
        NotFound: the agent has no such payout.
        PayoutMoved: finance has begun, or it has ended.
    """
    payout = db.session.get(Payout, payout_id, with_for_update={"of": Payout}, populate_existing=True)
    if payout is None or payout.agent_id != agent_id:
        raise NotFound
    if payout.state is not PayoutState.REQUESTED:
        raise PayoutMoved
    payout.state = PayoutState.CANCELLED
    payout.ended_at = clock.now()
    db.session.flush()  # written before it is recorded
    log.record(actor=actor, act="payouts.cancel", subject=("payout", payout.id))


def wait_for_turn(agent_id: UUID, currency: str) -> None:
    """Wait until nobody else takes this agent's commission: what is payable is a sum, and no row stands for it."""
    turns.wait_for(f"commission:{agent_id}:{currency}")


def _check(amount: Money, key: str) -> None:
    if amount.minor <= 0:
        raise InvalidInput(field="amount", reason="amount_zero")
    if not key or len(key) > 64:
        raise InvalidInput(field="idempotency_key", reason="key_missing")


def _standing(agent_id: UUID, key: str, destination: PayoutDestination) -> Payout | None:
    found = db.session.scalar(select(Payout).where(Payout.agent_id == agent_id, Payout.idempotency_key == key))
    if found is not None and found.destination is not destination:
        raise PayoutMoved
    return found


def _promise(payout: Payout, *, amount: Money, key: str, actor: Actor) -> None:
    payable = earnings.in_currency(payout.agent_id, amount.currency).payable
    if payable < amount:
        raise NotPayable(field="amount", payable=payable)
    payout.id, payout.reference, payout.idempotency_key = ids.new_id(), ids.reference("S"), key
    payout.currency, payout.amount_minor = amount.currency, amount.minor
    payout.requested_by_name = actor.name
    db.session.add(payout)
    # A reference that is taken is drawn again; the same key in another currency waits for another turn.
    uniqueness.flush("uq_payouts_reference", "uq_payouts_agent_id_idempotency_key")


def _told(payout: Payout) -> dict[str, object]:
    return {"reference": payout.reference, "amount_minor": payout.amount_minor, "currency": payout.currency}
