"""Take down what payers dispute: freeze the amount, and free it or let it go once the provider has decided.

The provider takes the money out of our balance when a dispute opens, and gives it back when we win. Meanwhile what the
agent earned on it, or what of it still lies in the wallet that it filled, is held.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, select

from portal.audit import log
from portal.core import clock, due, ids, outbox
from portal.core.actor import WORKER
from portal.core.db import db, existing, in_transaction
from portal.core.money import Money
from portal.ledger import chart, journal
from portal.ledger.chart import AccountRef
from portal.ledger.journal import EntryDraft, Line
from portal.ledger.models import Account
from portal.payments import calls, purposes, registry
from portal.payments import refunding as provider_refunds
from portal.payments.models import Payment, PaymentPurpose, PaymentState
from portal.payments.providers.base import DisputeStanding, DisputeState
from portal.refunds import ending, queries, refunding, splitting
from portal.refunds.models import (
    CarrierAnswer,
    Dispute,
    Refund,
    RefundDestination,
    RefundReason,
    RefundState,
)
from portal.renewals import events, fulfilment, returning
from portal.renewals.models import Renewal
from portal.renewals.states import RenewalState

ASK_EVERY = timedelta(days=1)
"""Banks take weeks to decide and webhooks tell of it at once: where one was lost, the money is held a day longer."""

DELIVERED = frozenset({RenewalState.DELIVERED, RenewalState.PARTLY_REFUNDED, RenewalState.REFUNDING})


@purposes.disputes
def look_into(provider_name: str, provider_id: str) -> None:
    """Ask the provider what stands with a dispute, and take that down; no transaction around it.

    Raises:
        Retry: the provider could not be asked.
        Declined: the provider knows of none such.
        NotFound: the disputed payment is none of ours.
    """
    provider = in_transaction(lambda: registry.get(provider_name))
    standing = provider.dispute_standing(provider_id)
    in_transaction(lambda: take_down(provider_name, standing))


def sweep() -> None:
    """Have the provider asked about every open dispute that is due, and tell when it is due next."""
    now = clock.now()
    disputes = due.take(Dispute, Dispute.ask_at, now=now)
    for dispute in disputes:
        dispute.ask_at = now + ASK_EVERY
    outbox.add_each("refunds.ask_dispute", [dispute.id for dispute in disputes])
    db.session.flush()


def ask(dispute_id: UUID) -> None:
    """Ask the provider about a dispute that is still open; no transaction around it.

    Raises:
        Retry: the provider could not be asked.
        Declined: the provider knows of none such.
    """
    dispute = in_transaction(lambda: queries.dispute_by_id(dispute_id))
    if dispute.is_open:
        look_into(dispute.provider, dispute.provider_id)


def take_down(provider_name: str, standing: DisputeStanding) -> Dispute:
    """Bring our side of a dispute to where the provider's is; the same told again changes nothing.

    Raises:
        NotFound: the disputed payment is none of ours.
    """
    payment = _payment(provider_name, standing.payment_id)
    renewal = refunding.locked_renewal(payment.subject_id) if payment.purpose is PaymentPurpose.RENEWAL else None
    payment = calls.locked(payment.id)
    # A payment that is held, or on its way back, has bought nothing: the renewal has nothing to do with it.
    dispute = _standing(provider_name, standing) or _open(payment, renewal if payment.is_paid else None, standing)
    dispute.raw = standing.raw
    if dispute.is_open and standing.state is DisputeState.WON:
        _win(dispute)
    elif dispute.is_open and standing.state is DisputeState.LOST:
        _lose(dispute, payment, renewal)
    db.session.flush()  # the dispute and the books move together
    return dispute


def _payment(provider_name: str, provider_id: str) -> Payment:
    query = select(Payment).where(
        Payment.provider == provider_name,
        or_(Payment.capture_id == provider_id, Payment.provider_id == provider_id),
    )
    return existing(db.session.scalar(query))


def _standing(provider_name: str, standing: DisputeStanding) -> Dispute | None:
    return db.session.scalar(
        select(Dispute)
        .where(Dispute.provider == provider_name, Dispute.provider_id == standing.provider_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _open(payment: Payment, renewal: Renewal | None, standing: DisputeStanding) -> Dispute:
    dispute = Dispute(
        reference=ids.reference("D"),
        provider=payment.provider,
        provider_id=standing.provider_id,
        payment_id=payment.id,
        renewal_id=renewal.id if renewal else None,
        agent_id=payment.agent_id,
        state=DisputeState.OPEN,
        currency=standing.amount.currency,
        amount_minor=standing.amount.minor,
        frozen_minor=_to_freeze_minor(payment, renewal, standing),
        reason=standing.reason[:120],
        answer_until=standing.answer_before,
        ask_at=clock.now() + ASK_EVERY,
        raw=standing.raw,
    )
    db.session.add(dispute)
    db.session.flush()  # the entry below names it
    journal.post(
        _entry(
            dispute,
            "dispute",
            Line(chart.disputed(dispute.provider), chart.clearing(dispute.provider), dispute.amount_minor),
            Line(_frozen_from(dispute), chart.frozen(dispute.agent_id), dispute.frozen_minor),
        )
    )
    log.record(
        actor=WORKER,
        act="disputes.open",
        subject=("dispute", dispute.id),
        after={"reference": dispute.reference, "amount_minor": dispute.amount_minor, "currency": dispute.currency},
    )
    return dispute


def _to_freeze_minor(payment: Payment, renewal: Renewal | None, standing: DisputeStanding) -> int:
    if renewal is not None:
        return _earned_minor(renewal)
    return _in_wallet_minor(payment, standing) if payment.is_paid else 0


def _earned_minor(renewal: Renewal) -> int:
    """Tell what the agent has earned on a delivered renewal and not given back, less the discount that it bears."""
    if renewal.state not in DELIVERED:
        return 0
    account = fulfilment.account_of(renewal)
    done = queries.done_of(renewal.id)
    left = splitting.left_after(account, [refunding.parts_of(refund) for refund in done])
    borne = renewal.discount_minor if account.discount_from == account.commission else 0
    return max(left.fee_minor + left.share_minor - borne, 0)


def _in_wallet_minor(payment: Payment, standing: DisputeStanding) -> int:
    """Tell how much of a disputed top-up still lies in the wallet, which is locked."""
    balance = db.session.scalar(
        select(Account.balance_minor)
        .where(Account.name == chart.agent_wallet(payment.agent_id).name, Account.currency == standing.amount.currency)
        .with_for_update()
    )
    return min(max(balance or 0, 0), standing.amount.minor)


def _win(dispute: Dispute) -> None:
    _decide(dispute, DisputeState.WON)
    journal.post(_mirror(dispute))
    log.record(actor=WORKER, act="disputes.win", subject=("dispute", dispute.id))


def _lose(dispute: Dispute, payment: Payment, renewal: Renewal | None) -> None:
    _decide(dispute, DisputeState.LOST)
    log.record(
        actor=WORKER, act="disputes.lose", subject=("dispute", dispute.id), after={"reference": dispute.reference}
    )
    if not payment.is_paid or (dispute.renewal_id and renewal and renewal.state is RenewalState.REFUSED):
        _take_as_returned(dispute, payment, renewal)
    else:
        _bear(dispute, renewal if dispute.renewal_id else None)


def _take_as_returned(dispute: Dispute, payment: Payment, renewal: Renewal | None) -> None:
    """The payer took by themselves what was going back anyway: nobody bears a loss, and no refund is due any more."""
    journal.post(_mirror(dispute))
    provider_refunds.replace_all_of(payment.id)
    if payment.is_paid and renewal is not None:
        returning.book(renewal, facts={"dispute": dispute.reference})
    else:
        payment.state = PaymentState.RETURNED


def _bear(dispute: Dispute, renewal: Renewal | None) -> None:
    """Let go what a lost dispute takes, from whom it was frozen, from the renewal's owners, and from the operator."""
    if renewal is None:
        freed = Line(chart.frozen(dispute.agent_id), chart.disputed(dispute.provider), dispute.frozen_minor)
        covered_minor = dispute.frozen_minor
    else:
        freed = Line(chart.frozen(dispute.agent_id), _frozen_from(dispute), dispute.frozen_minor)
        # What had come back from the payer's bank they have now; it stays in the books as it was refunded.
        taken_minor = ending.take_by_dispute(
            renewal, payment_id=dispute.payment_id, disputed_minor=dispute.amount_minor
        )
        covered_minor = _refund(dispute, renewal, Money(dispute.amount_minor - taken_minor, dispute.currency))
    # What neither the agent nor the books of the renewal bear is the operator's loss.
    lost = Line(chart.WRITE_OFF, chart.disputed(dispute.provider), dispute.amount_minor - covered_minor)
    journal.post(_entry(dispute, "dispute_end", freed, lost))


def _refund(dispute: Dispute, renewal: Renewal, left: Money) -> int:
    """Book what is left of a lost dispute as a refund that the payer has already; give how much, in minor units."""
    db.session.flush()  # the dispute is decided: it holds nothing back any more
    amount = min(left, queries.refundable(renewal))
    standing = queries.open_of(renewal.id)
    on_its_way = standing is not None and standing.state is RefundState.PAYING_BACK
    if renewal.state not in DELIVERED or not amount or on_its_way:
        return 0
    if standing is not None and standing.state is RefundState.FAILED:
        provider_refunds.replace_all_of(dispute.payment_id)  # the provider gave nothing back of what is disputed
    refund = standing or Refund(
        reference=ids.reference("F"),
        renewal_id=renewal.id,
        agent_id=renewal.agent_id,
        requested_by_name=WORKER.name,
    )
    # A refund that was asked for meanwhile is what the payer took by themselves.
    refund.currency, refund.amount_minor, refund.note = amount.currency, amount.minor, dispute.reference
    refund.reason, refund.destination = RefundReason.DISPUTE_LOST, RefundDestination.DISPUTED
    refund.state, refund.begun_at = RefundState.ASKING_CARRIER, clock.now()
    refund.carrier_answer = refund.carrier_answer or CarrierAnswer.NOT_ASKED
    db.session.add(refund)
    db.session.flush()  # the event below belongs to it
    if renewal.state is not RenewalState.REFUNDING:
        events.move(renewal, RenewalState.REFUNDING, actor=WORKER, facts={"dispute": dispute.reference})
    refunding.finish(renewal, refund)
    dispute.refund_id = refund.id
    return amount.minor


def _mirror(dispute: Dispute) -> EntryDraft:
    return _entry(
        dispute,
        "dispute_end",
        Line(chart.clearing(dispute.provider), chart.disputed(dispute.provider), dispute.amount_minor),
        Line(chart.frozen(dispute.agent_id), _frozen_from(dispute), dispute.frozen_minor),
    )


def _decide(dispute: Dispute, state: DisputeState) -> None:
    dispute.state, dispute.decided_at, dispute.ask_at = state, clock.now(), None


def _frozen_from(dispute: Dispute) -> AccountRef:
    if dispute.renewal_id is None:
        return chart.agent_wallet(dispute.agent_id)
    return chart.commission_earned(dispute.agent_id)


def _entry(dispute: Dispute, kind: str, *lines: Line) -> EntryDraft:
    key = f"dispute:{dispute.id}:{kind}"
    return EntryDraft(key, kind, "dispute", dispute.id, dispute.currency, lines).nonzero()
