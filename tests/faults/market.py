"""A market where money moves in every way there is, one seeded act after another, while everybody's machines fail.

Agents sell, customers pay, finance refunds and pays out, payers dispute. Carriers and payment providers are the real
sandbox over HTTP. Time passes by making due what waits: nothing sleeps.
"""

from datetime import date

from sqlalchemy import select

from portal.agents import rules, terms
from portal.agents.commission import Conditions, Rule, SaleKind, Terms
from portal.core import ids
from portal.core.db import db, in_transaction
from portal.core.errors import PortalError
from portal.core.money import Money
from portal.payments import deciding
from portal.payments import refunding as provider_refunds
from portal.payments.models import (
    Payment,
    PaymentPurpose,
    PaymentState,
    ProviderRefund,
    ProviderRefundState,
)
from portal.payments.providers.base import DisputeState
from portal.payouts import earnings, paying, requesting, running
from portal.payouts.models import Payout, PayoutDestination, PayoutRun, PayoutRunState, PayoutState
from portal.refunds import ending
from portal.refunds import requesting as refund_requests
from portal.refunds.models import Dispute, Refund, RefundDestination, RefundReason, RefundState
from portal.renewals import accepting
from portal.renewals.models import Renewal
from portal.renewals.states import RenewalState
from portal.wallets import paying_in
from tests.faults.selling import Selling

HOW_OFTEN = {
    "top_up_by_bank": 6,
    "top_up_online": 8,
    "charge_a_saved_card": 2,
    "order_from_the_wallet": 14,
    "send_the_form_again": 2,
    "order_at_an_old_price": 2,
    "send_a_pay_link": 9,
    "pay_a_link": 10,
    "cancel_a_link": 1,
    "let_a_link_run_out": 1,
    "let_a_payment_run_out": 2,
    "pay_late": 2,
    "take_a_notice": 18,
    "take_a_bad_notice": 1,
    "work": 10,
    "work_much": 12,
    "work_at_once": 2,
    "ask_about_payments": 3,
    "break_something": 12,
    "let_an_answer_be_late": 0.3,
    "kill_a_worker": 3,
    "change_commission": 3,
    "ask_for_a_refund": 7,
    "decide_on_a_refund": 3,
    "mend_a_failed_refund": 3,
    "end_a_pending_refund": 2,
    "decide_on_a_held_payment": 2,
    "dispute_a_payment": 4,
    "decide_on_a_dispute": 3,
    "ask_for_a_payout": 4,
    "prepare_a_run": 2,
    "bring_a_run_forward": 3,
    "have_a_payout_come_back": 1,
}
"""Every act of the market, and how often it happens beside the others."""


class Market(Selling):
    def happen(self) -> None:
        """Let one thing happen, chosen by the seed; what the portal refuses is counted under its code."""
        (act,) = self.random.choices(list(HOW_OFTEN), weights=list(HOW_OFTEN.values()))
        try:
            done = getattr(self, act)()
        except PortalError as refusal:
            db.session.rollback()
            self.tally[f"{act}: {refusal.code}"] += 1
        else:
            self.tally[act if done is not False else f"{act}: nothing to do"] += 1
        finally:
            db.session.remove()

    def change_commission(self) -> None:
        shop, currency = self._till()
        agent_id, rate = shop.agent_id, self.random.randrange(0, 900)
        if self.random.random() < 0.5:
            changed = Terms(fee_bps=rate, share_bps=300, hold_days=0)
            in_transaction(
                lambda: terms.change(agent_id=agent_id, currency=currency, terms=changed, actor=self.town.dana)
            )
        else:
            sale = self.random.choice(list(SaleKind))
            rule = Rule(Conditions(sale=sale, region=self.random.choice((None, "JP"))), share_bps=rate)
            in_transaction(lambda: rules.add(agent_id=agent_id, currency=currency, rule=rule, actor=self.town.dana))

    def ask_for_a_refund(self) -> bool:
        renewal = self._one_of(
            select(Renewal).where(Renewal.state.in_((RenewalState.DELIVERED, RenewalState.PARTLY_REFUNDED)))
        )
        if renewal is None or not renewal.total_minor:
            return False
        is_whole = self.random.random() < 0.4
        minor = renewal.total_minor if is_whole else self.random.randrange(1, renewal.total_minor + 1)
        destination = self.random.choice((RefundDestination.SOURCE, RefundDestination.WALLET))

        def ask() -> Refund:
            return in_transaction(
                lambda: refund_requests.request(
                    renewal_id=renewal.id,
                    amount=Money(minor, renewal.currency),
                    reason=RefundReason.NOT_WORKING,
                    note="",
                    destination=destination,
                    actor=self.town.fiona,
                )
            )

        self._at_once_or_alone(ask)
        return True

    def decide_on_a_refund(self) -> bool:
        refund = self._one_of(select(Refund).where(Refund.state == RefundState.AWAITING_APPROVAL))
        if refund is None:
            return False
        is_declined = self.random.randrange(3) == 0
        actor = self.random.choice((self.town.frank, self.town.fiona))
        if is_declined:
            in_transaction(lambda: refund_requests.decline(refund.id, why="Not agreed to.", actor=actor))
        else:
            in_transaction(lambda: refund_requests.approve(refund.id, actor=actor))
        return True

    def mend_a_failed_refund(self) -> bool:
        refund = self._one_of(select(Refund).where(Refund.state == RefundState.FAILED))
        if refund is not None:
            mend = self.random.choice((ending.try_again, ending.into_wallet))
            # Above the limit who asked for it does not send it elsewhere alone.
            other = self.town.fiona if refund.requested_by == self.town.frank.id else self.town.frank
            in_transaction(lambda: mend(refund.id, actor=other))
            return True
        failed = self._one_of(
            select(ProviderRefund).where(
                ProviderRefund.state == ProviderRefundState.FAILED, ProviderRefund.kind != "refund"
            )
        )
        if failed is None:
            return False
        in_transaction(lambda: provider_refunds.try_again(failed.id, actor=self.town.frank))
        return True

    def end_a_pending_refund(self) -> bool:
        refund = self._one_of(select(ProviderRefund).where(ProviderRefund.state == ProviderRefundState.PENDING))
        if refund is None:
            return False
        return self._at_the_control_page(refund.payment_id, self.random.choice(("settle", "fail")), refund.reference)

    def decide_on_a_held_payment(self) -> bool:
        held = self._one_of(select(Payment).where(Payment.state == PaymentState.HELD))
        if held is None:
            return False
        take = accepting.accept_held if held.purpose is PaymentPurpose.RENEWAL else paying_in.accept_held
        decide = self.random.choice((take, deciding.give_back))
        in_transaction(lambda: decide(held.id, actor=self.town.frank))
        return True

    def dispute_a_payment(self) -> bool:
        payment = self._one_of(
            select(Payment).where(
                Payment.state.in_((PaymentState.SETTLED, PaymentState.RETURNED)),
                Payment.provider.in_(("stripe", "paypal")),
            )
        )
        return payment is not None and self._at_the_control_page(payment.id, "dispute", payment.reference)

    def decide_on_a_dispute(self) -> bool:
        dispute = self._one_of(select(Dispute).where(Dispute.state == DisputeState.OPEN))
        if dispute is None:
            return False
        return self._at_the_control_page(dispute.payment_id, self.random.choice(("win", "lose")), dispute.provider_id)

    def ask_for_a_payout(self) -> bool:
        shop, currency = self._till()
        payable = in_transaction(lambda: earnings.in_currency(shop.agent_id, currency)).payable
        if payable.minor <= 0:
            return False
        part = Money(self.random.randrange(1, payable.minor + 1), currency)
        act = self.random.choice((requesting.request, requesting.move_to_wallet))
        self._at_once_or_alone(
            lambda: in_transaction(
                lambda: act(agent_id=shop.agent_id, amount=part, idempotency_key=str(ids.new_id()), actor=shop.actor)
            )
        )
        return True

    def prepare_a_run(self) -> bool:
        payout = self._one_of(select(Payout).where(Payout.state == PayoutState.REQUESTED))
        if payout is None:
            return False
        ready = select(Payout.id).where(Payout.state == PayoutState.REQUESTED, Payout.currency == payout.currency)
        payout_ids = self._read(ready)
        in_transaction(lambda: running.prepare(currency=payout.currency, payout_ids=payout_ids, actor=self.town.fiona))
        return True

    def bring_a_run_forward(self) -> bool:
        run = self._one_of(
            select(PayoutRun).where(PayoutRun.state.in_((PayoutRunState.PREPARED, PayoutRunState.APPROVED)))
        )
        if run is None:
            return False
        if run.state is PayoutRunState.PREPARED:
            act = self.random.choice((running.approve, running.approve, running.discard))
            in_transaction(
                lambda: act(
                    run_id=run.id, actor=self.random.choice((self.town.frank, self.town.frank, self.town.fiona))
                )
            )
            return True
        self._at_once_or_alone(
            lambda: in_transaction(
                lambda: paying.mark_run_paid(
                    run_id=run.id, bank_reference="ICBC 1", paid_on=date(2026, 11, 23), actor=self.town.fiona
                )
            )
        )
        return True

    def have_a_payout_come_back(self) -> bool:
        payout = self._one_of(
            select(Payout).where(Payout.state == PayoutState.PAID, Payout.destination == PayoutDestination.BANK)
        )
        if payout is None:
            return False
        in_transaction(lambda: paying.record_return(payout_id=payout.id, why="account closed", actor=self.town.fiona))
        return True

    def decide_everything(self) -> None:
        """End every dispute and pending refund, and decide on what is held, as finance and banks do in time."""
        for dispute in self._read(select(Dispute).where(Dispute.state == DisputeState.OPEN)):
            self._at_the_control_page(dispute.payment_id, self.random.choice(("win", "lose")), dispute.provider_id)
        for refund in self._read(select(ProviderRefund).where(ProviderRefund.state == ProviderRefundState.PENDING)):
            self._at_the_control_page(refund.payment_id, "settle", refund.reference)
        for held in self._read(select(Payment).where(Payment.state == PaymentState.HELD)):
            in_transaction(lambda payment_id=held.id: deciding.give_back(payment_id, actor=self.town.frank))
        self.come_to_rest()
        for refund in self._read(select(Refund).where(Refund.state == RefundState.FAILED)):
            in_transaction(lambda refund_id=refund.id: ending.try_again(refund_id, actor=self.town.frank))
        for refund in self._read(select(ProviderRefund).where(ProviderRefund.state == ProviderRefundState.FAILED)):
            in_transaction(lambda refund_id=refund.id: provider_refunds.try_again(refund_id, actor=self.town.frank))
