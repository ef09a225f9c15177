"""What agents and customers do in the market: fill wallets, order, send links, pay them, in time and late."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from portal.cards.models import Card
from portal.core import clock, ids
from portal.core.db import db, in_transaction
from portal.core.errors import PortalError
from portal.core.money import Money
from portal.payments import charging
from portal.payments.beginning import Choice
from portal.payments.models import (
    Payment,
    PaymentPurpose,
    PaymentState,
    SavedMethod,
)
from portal.payments.providers.base import Begun, Method, Surface
from portal.renewals import cancelling, ordering, placing
from portal.renewals import offers as renewal_offers
from portal.renewals import paying as renewal_payments
from portal.renewals.models import Renewal
from portal.wallets import paying_in, topping_up
from tests import make
from tests.beside import all_at_once
from tests.carriers.sandbox_process import RunningSandbox
from tests.faults.machines import Machines
from tests.faults.people import CHANNELS, CardThere, Shop, Town, found_town
from tests.payments.providers.receiver import Receiver

SURFACES = {Method.WECHAT_PAY: Surface.MOBILE}


class Selling(Machines):
    def __init__(self, app: Flask, sandbox: RunningSandbox, receiver: Receiver, *, seed: int) -> None:
        super().__init__(app, sandbox, receiver, seed=seed)
        self.town: Town = in_transaction(found_town)
        db.session.remove()
        self._old_quotes: list[tuple[Shop, CardThere, str, str]] = []
        self._promised: list[tuple[Shop, CardThere, str, str, UUID]] = []

    def top_up_by_bank(self) -> None:
        shop, currency = self._till()
        in_transaction(
            lambda: topping_up.record(
                agent_id=shop.agent_id,
                amount=Money(self.random.randrange(1, 60_000), currency),
                bank_reference=f"ICBC {ids.new_id()}",
                received_on=date(2026, 11, 20),
                note="",
                actor=self.town.fiona,
            )
        )

    def top_up_online(self) -> None:
        shop, currency = self._till()
        method = self.random.choice(list(CHANNELS[currency]))
        amount = Money(self.random.randrange(100, 50_000), currency)
        is_saving = method in (Method.CARD, Method.PAYPAL) and self.random.random() < 0.3
        payment = self._begun(
            lambda key: paying_in.begin(
                agent_id=shop.agent_id,
                amount=amount,
                choice=Choice(method, SURFACES.get(method, Surface.PAGE), "en"),
                description="Wallet top-up",
                actor=shop.actor,
                idempotency_key=key,
                save=is_saving,
            )
        )
        self._go_and_pay(payment)

    def charge_a_saved_card(self) -> bool:
        saved = self._one_of(select(SavedMethod).where(SavedMethod.removed_at.is_(None)))
        if saved is None:
            return False
        shop = next(shop for shop in self.town.shops if shop.agent_id == saved.agent_id)
        charging.charge(
            saved.id,
            purpose=PaymentPurpose.TOP_UP,
            subject_id=ids.new_id(),
            agent_id=shop.agent_id,
            amount=Money(self.random.randrange(100, 20_000), shop.currencies[0]),
            description="Automatic top-up",
            language="en",
            actor=shop.actor,
            idempotency_key=str(ids.new_id()),
        )
        return True

    def order_from_the_wallet(self) -> None:
        shop, card, quote = self._quoted()
        key = str(ids.new_id())
        self._old_quotes.append((shop, card, quote, key))
        placed = self._place(shop, card, quote, key)
        self._promised.append((shop, card, quote, key, placed.id))

    def send_the_form_again(self) -> bool:
        """The answer was lost, or somebody pressed twice: the same key stands for the same renewal."""
        if not self._promised:
            return False
        shop, card, quote, key, first = self.random.choice(self._promised)
        placed = all_at_once(self.app, lambda: self._place(shop, card, quote, key), times=self.random.randrange(1, 4))
        assert {one.id for one in placed} == {first}
        return True

    def order_at_an_old_price(self) -> bool:
        """A quote from before the terms or a promotion changed."""
        if not self._old_quotes:
            return False
        shop, card, quote, _ = self.random.choice(self._old_quotes)
        self._place(shop, card, quote, str(ids.new_id()))
        return True

    def send_a_pay_link(self) -> None:
        shop, card, quote = self._quoted()
        in_transaction(
            lambda: ordering.order(
                agent_id=shop.agent_id,
                card_id=card.id,
                signed_quote=quote,
                idempotency_key=str(ids.new_id()),
                actor=shop.actor,
            )
        )

    def pay_a_link(self) -> bool:
        link = self._one_of(self._open_links())
        if link is None:
            return False
        renewal = in_transaction(lambda: db.session.get_one(Renewal, link.renewal_id))
        method = self.random.choice(list(CHANNELS[renewal.currency]))
        choice = Choice(method, SURFACES.get(method, Surface.PAGE), "en")
        payment = self._begun(lambda _key: renewal_payments.begin(link.code, choice, actor=make.actor(name="Carol")))
        self._go_and_pay(payment)
        if self.random.random() < 0.1:  # in another window, by another method
            self._go_and_pay(self._begun(lambda _key: renewal_payments.begin(link.code, choice, actor=make.actor())))
        return True

    def cancel_a_link(self) -> bool:
        link = self._one_of(self._open_links())
        if link is None:
            return False
        in_transaction(lambda: cancelling.cancel(link.renewal_id, actor=self.town.dana))
        return True

    def let_a_link_run_out(self) -> bool:
        link = self._one_of(self._open_links())
        if link is None:
            return False
        now = clock.now()
        self._write("UPDATE pay_links SET expires_at = :now WHERE renewal_id = :id", now=now, id=link.renewal_id)
        return True

    def let_a_payment_run_out(self) -> bool:
        payment = self._one_of(select(Payment).where(Payment.state == PaymentState.BEGUN))
        if payment is None:
            return False
        self._write(
            "UPDATE payments SET expires_at = :now, ask_at = :now WHERE id = :id", now=clock.now(), id=payment.id
        )
        return True

    def pay_late(self) -> bool:
        """Somebody left the page open, and pays after we have closed our side."""
        payment = self._one_of(
            select(Payment).where(Payment.state.in_((PaymentState.EXPIRED, PaymentState.DECLINED)), Payment.go_to != "")
        )
        if payment is None:
            return False
        self._choose(payment, "pay")
        self._write("UPDATE payments SET ask_at = :now WHERE id = :id", now=clock.now(), id=payment.id)
        return True

    def _till(self) -> tuple[Shop, str]:
        shop = self.random.choice(self.town.shops)
        return shop, self.random.choice(shop.currencies)

    def _quoted(self) -> tuple[Shop, CardThere, str]:
        shop, currency = self._till()
        card = self.random.choice(shop.cards)
        plan = self.random.choice(
            [one for one in self.town.plans if (one.carrier, one.currency) == (card.carrier, currency)]
        )
        code = self.random.choice(("", "", "SPRING10", "YEN2026"))

        def quote() -> str:
            own = db.session.get_one(Card, card.id)
            return renewal_offers.one(own, plan.code, now=clock.now(), code=code).signed

        return shop, card, in_transaction(quote)

    def _place(self, shop: Shop, card: CardThere, quote: str, key: str) -> placing.Placed:
        return in_transaction(
            lambda: placing.place(
                agent_id=shop.agent_id, card_id=card.id, signed_quote=quote, idempotency_key=key, actor=shop.actor
            )
        )

    def _begun(self, begin: Callable[[str], Payment]) -> Payment:
        """Begin a payment; a payer whose answer was lost presses again."""
        key = str(ids.new_id())
        try:
            return begin(key)
        except PortalError as first:
            self.tally[f"begin: {first.code}"] += 1
            return begin(key)

    def _go_and_pay(self, payment: Payment) -> None:
        (choice,) = self.random.choices(("pay", "decline", "abandon"), weights=(8, 1, 1))
        self._choose(payment, choice)

    def _choose(self, payment: Payment, choice: str) -> None:
        if payment.go_to:
            begun = Begun(payment.provider_id or "", payment.go_to, payment.qr_text, {})
            self._stages[payment.provider].pay(begun, choice)
