"""What a promotion leaves in the books and on the receipt; and what comes back when the carrier refuses."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import aliased

from portal.carriers import registry
from portal.core import clock
from portal.core.db import db, transaction
from portal.ledger.models import Account, Transfer
from portal.promotions.models import PromotionBearer, PromotionRedemption
from portal.receipts import content as receipt_content
from portal.receipts.models import Receipt
from portal.renewals import fulfilment, offers, verification
from portal.renewals.placing import Placed
from tests.promotions import promoting
from tests.renewals.conftest import Counter
from tests.web.admin.conftest import StandIn


@pytest.fixture
def carrier(app: object, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    stand_in = StandIn()
    monkeypatch.setitem(registry.REGISTRY, "sandbox-east", stand_in)
    return stand_in


def order(counter: Counter, code: str = "") -> Placed:
    offer = offers.one(counter.card, counter.plan.code, now=clock.now(), code=code)
    return counter.order(signed_quote=offer.signed)


def books(placed: Placed) -> list[tuple[str, str, int]]:
    debited, credited = aliased(Account), aliased(Account)
    rows = db.session.execute(
        select(debited.kind, credited.kind, Transfer.amount_minor)
        .join(debited, debited.id == Transfer.debit_account_id)
        .join(credited, credited.id == Transfer.credit_account_id)
        .where(Transfer.subject_id == placed.id, Transfer.kind == "deliver")
        .order_by(Transfer.id)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def lines(placed: Placed) -> receipt_content.QuoteLines:
    text = db.session.scalars(select(Receipt.content).where(Receipt.renewal_id == placed.id)).one()
    return receipt_content.from_canonical_json(text).lines


def test_the_operators_discount_is_an_expense(counter: Counter, carrier: StandIn) -> None:
    with transaction():
        promoting.with_code("SPRING10")
    placed = order(counter, "SPRING10")

    fulfilment.fulfil(placed.id)

    assert books(placed) == [
        ("escrow", "revenue", 8_491),
        ("escrow", "tax_payable", 509),
        ("escrow", "commission_earned", 450),
        ("promotions", "revenue", 1_000),
        ("commission_expense", "commission_earned", 270),
        ("carrier_cost", "carrier_payable", 6_120),
    ]
    assert verification.verify_everything() == []


def test_the_agents_discount_comes_out_of_what_it_earned(counter: Counter, carrier: StandIn) -> None:
    with transaction():
        promoting.campaign(bearer=PromotionBearer.AGENT, agent_ids=[counter.agent.id])
    placed = order(counter)

    fulfilment.fulfil(placed.id)

    assert books(placed) == [
        ("escrow", "revenue", 8_491),
        ("escrow", "tax_payable", 509),
        ("escrow", "commission_earned", 450),
        ("commission_earned", "revenue", 1_000),
        ("commission_expense", "commission_earned", 270),
        ("carrier_cost", "carrier_payable", 6_120),
    ]
    assert verification.verify_everything() == []


def test_the_receipt_names_the_code_and_its_rate(counter: Counter, carrier: StandIn) -> None:
    with transaction():
        promoting.with_code("SPRING10")
    placed = order(counter, "SPRING10")

    fulfilment.fulfil(placed.id)

    said = lines(placed)
    assert (said.promotion_code, said.promotion_bps, said.discount_minor) == ("SPRING10", 1_000, 1_000)


def test_the_receipt_names_no_rate_that_a_cap_cut_short(counter: Counter, carrier: StandIn) -> None:
    with transaction():
        promoting.campaign(cap_minor=300)
    placed = order(counter)

    fulfilment.fulfil(placed.id)

    said = lines(placed)
    assert (said.promotion_code, said.promotion_bps, said.discount_minor) == (None, None, 300)


def test_a_refused_renewal_gives_its_code_back(counter: Counter, carrier: StandIn) -> None:
    carrier.refuses_with = "card_suspended"
    with transaction():
        promotion = promoting.with_code("ONCE", max_uses=1, total_limit=1)
    placed = order(counter, "ONCE")

    fulfilment.fulfil(placed.id)
    fulfilment.fulfil(placed.id)

    assert promoting.counted(promotion) == 0
    (redemption,) = db.session.scalars(select(PromotionRedemption).execution_options(populate_existing=True))
    assert redemption.given_back_at is not None
    assert counter.wallet_minor() == 100_000
    assert order(counter, "ONCE").total.minor == 9_450
