"""A card or account is kept with a top-up and charged by itself, through the real client libraries over HTTP."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.core import clock
from portal.core.db import db, in_transaction
from portal.core.mail import Mail
from portal.payments import registry, settling
from portal.payments.models import PaymentState
from portal.wallets import refilling
from tests.carriers.sandbox_process import RunningSandbox
from tests.payments.providers.conftest import receiver, sandbox, sandbox_process
from tests.payments.providers.receiver import Receiver
from tests.wallets.shop import Shop, open_shop
from tests.working import work_all

__all__ = ["receiver", "sandbox", "sandbox_process"]

pytestmark = pytest.mark.slow


Opened = Callable[[str], Shop]


@pytest.fixture
def opened(app: Flask, sandbox: RunningSandbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Opened:
    monkeypatch.setattr(app.extensions["portal_settings"], "sandbox_url", sandbox.url)
    monkeypatch.setattr(registry, "notify_url", lambda _name: receiver.url)
    return lambda name: open_shop(name, sandbox, receiver)


@pytest.mark.parametrize("name", ["stripe", "paypal"])
def test_what_was_kept_is_charged_when_the_wallet_falls_short(opened: Opened, name: str) -> None:
    shop = opened(name)
    shop.spend(6_000)

    for _ in range(3):
        shop.minute()

    assert (shop.balance(), shop.states()) == (14_000, ["paid"])
    assert shop.charge().provider_id


@pytest.mark.parametrize("name", ["stripe", "paypal"])
@pytest.mark.parametrize("kind", ["drop", "error_after"])
def test_an_answer_that_was_lost_is_asked_for_and_nobody_charged_twice(opened: Opened, name: str, kind: str) -> None:
    shop = opened(name)
    shop.spend(6_000)
    shop.break_down(kind)

    for _ in range(3):
        shop.minute()
    assert (shop.balance(), shop.states()) == (4_000, ["open"])
    settling.ask(shop.charge().id)
    for _ in range(3):
        shop.minute()

    assert (shop.balance(), shop.states()) == (14_000, ["paid"])


def test_the_worker_dies_with_the_answer_in_its_hands_and_the_card_was_charged_once(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = opened("stripe")
    shop.spend(6_000)

    def power_cut(*_args: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(settling, "record", power_cut)
        in_transaction(refilling.sweep)
        with pytest.raises(SystemExit):
            work_all()
    later = clock.now() + timedelta(minutes=5)  # the lease of whoever died is over
    with clock.fixed(later):
        shop.minute()
        settling.ask(shop.charge().id)
        shop.minute()

    assert (shop.balance(), shop.states()) == (14_000, ["paid"])
    assert shop.charged_at_stripe() == ["succeeded"]


@pytest.mark.parametrize("name", ["stripe", "paypal"])
def test_a_bank_that_wants_its_owner_leads_to_a_mail(opened: Opened, name: str) -> None:
    shop = opened(name)
    shop.spend(6_000)
    shop.break_down("refuse", reason="authentication_required")

    for _ in range(3):
        shop.minute()

    assert (shop.balance(), shop.states()) == (4_000, ["owner_wanted"])
    sent = in_transaction(lambda: db.session.scalars(select(Mail).where(Mail.kind == "top_up_rests")).all())
    assert ["amount=10000" in mail.text for mail in sent] == [True]


@pytest.mark.parametrize("name", ["stripe", "paypal"])
@pytest.mark.parametrize(("kind", "state"), [("refuse", "declined"), ("busy", "not_reached"), ("down", "open")])
def test_a_refusal_a_busy_provider_and_one_that_may_have_heard_are_told_apart(
    opened: Opened, name: str, kind: str, state: str
) -> None:
    shop = opened(name)
    shop.spend(6_000)
    shop.break_down(kind, reason="insufficient_funds")

    shop.minute()

    assert (shop.balance(), shop.states()) == (4_000, [state])
    assert shop.charge().state is (PaymentState.BEGUN if state == "open" else PaymentState.DECLINED)
