"""The words of a receipt: in the language that the customer had chosen when the renewal was delivered."""

import pytest
from flask import Flask

from portal.core.db import transaction
from portal.core.i18n import PaperLanguage
from portal.promotions.discounting import PromotionKind
from portal.receipts.content import from_canonical_json
from portal.receipts.models import Receipt
from tests import make, renewed
from tests.promotions import promoting


def language_of(receipt: Receipt) -> PaperLanguage:
    return from_canonical_json(receipt.content).language


@pytest.mark.parametrize("chosen", list(PaperLanguage))
def test_is_written_in_the_language_that_the_customer_chose(app: Flask, chosen: PaperLanguage) -> None:
    with transaction():
        alice = make.agent()
        make.money_in(alice, 100_000)
        carol = make.customer(alice)
        carol.receipt_language = chosen
        card, plan = make.card(carol), make.plan(code=renewed.PLAN_CODE)

    receipt = renewed.receipt_of(renewed.renew(card, plan))

    assert language_of(receipt) is chosen


def test_a_later_choice_is_for_later_receipts(app: Flask) -> None:
    with transaction():
        alice = make.agent()
        make.money_in(alice, 100_000)
        carol = make.customer(alice)
        card, plan = make.card(carol), make.plan(code=renewed.PLAN_CODE)
    first = renewed.receipt_of(renewed.renew(card, plan))
    frozen = first.content

    with transaction():
        carol.receipt_language = PaperLanguage.ZH
    second = renewed.receipt_of(renewed.renew(card, plan))

    assert (language_of(first), first.content) == (PaperLanguage.BOTH, frozen)
    assert language_of(second) is PaperLanguage.ZH


def test_one_that_cost_nothing_was_not_paid_from_a_wallet(app: Flask) -> None:
    with transaction():
        alice = make.agent()
        carol = make.customer(alice)
        promoting.campaign(kind=PromotionKind.FIXED, bps=0, amount_minor=10_000)
        card, plan = make.card(carol), make.plan(code=renewed.PLAN_CODE)

    receipt = renewed.receipt_of(renewed.renew(card, plan))

    assert from_canonical_json(receipt.content).payment_method == "nothing"
