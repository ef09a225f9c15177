"""What a delivery leaves behind: the card as it now is, and the words of the receipt."""

from datetime import datetime
from typing import Any

from portal.agents.models import Agent, CommissionTerms
from portal.cards.models import Card, UsageReading
from portal.carriers import base
from portal.catalogue.models import PlanVersion
from portal.core import clock, settings
from portal.core.db import db
from portal.core.ids import unguessable_code
from portal.core.money import BPS, round_half_up
from portal.core.settings import Settings
from portal.customers.models import Customer
from portal.payments.models import Payment
from portal.promotions.models import Promotion
from portal.receipts.content import (
    CardState,
    Issuer,
    QuoteLines,
    ReceiptContent,
    SellingAgent,
    SoldPlan,
)
from portal.renewals.models import Channel, PayLink, Renewal


def snapshot(state: base.CardState) -> dict[str, Any]:
    """Keep what a card held: whole megabytes (None is unlimited) and the end of its validity in ISO 8601, UTC."""
    return {
        "data_left_mb": state.data_left_mb,
        "data_total_mb": state.data_total_mb,
        "valid_until": state.valid_until.isoformat() if state.valid_until else None,
    }


def renew_card(renewal: Renewal, after: base.CardState) -> None:
    """Bring the card's row up to what the carrier says it holds now."""
    card = db.session.get_one(Card, renewal.card_id, with_for_update=True, populate_existing=True)
    card.plan_version_id = renewal.plan_version_id
    card.data_left_mb, card.data_total_mb = after.data_left_mb, after.data_total_mb
    card.valid_until = after.valid_until
    card.usage_read_at = clock.now()
    db.session.add(
        UsageReading(
            card_id=card.id,
            read_at=card.usage_read_at,
            data_left_mb=after.data_left_mb,
            data_total_mb=after.data_total_mb,
        )
    )


def content_of(renewal: Renewal) -> ReceiptContent:
    """Put together everything the receipt of a delivered renewal says, from what stands at this moment.

    Raises:
        ValueError: the renewal is not delivered.
    """
    if renewal.delivered_at is None or renewal.before is None or renewal.after is None:
        raise ValueError("only a delivered renewal has a receipt")
    portal_settings = settings.current()
    agent = db.session.get_one(Agent, renewal.agent_id)
    customer = db.session.get_one(Customer, renewal.customer_id)
    card = db.session.get_one(Card, renewal.card_id)
    plan = db.session.get_one(PlanVersion, renewal.plan_version_id)
    terms = db.session.get_one(CommissionTerms, renewal.terms_id)
    return ReceiptContent(
        issuer=_issuer(portal_settings),
        renewal_reference=renewal.reference,
        issued_at=renewal.delivered_at,
        zone=portal_settings.time_zone,
        agent=SellingAgent(agent.name_zh, agent.name_en, agent.licence_number),
        served_by=renewal.placed_by_name if renewal.channel is Channel.AGENT else None,
        customer_name=customer.name,
        iccid=card.iccid,
        plan=SoldPlan(plan.name_zh, plan.name_en, plan.data_mb, plan.validity_days, tuple(plan.regions)),
        lines=_lines(renewal, plan, terms),
        payment_method=_payment_method(renewal),
        carrier_name=renewal.carrier,
        carrier_confirmation=renewal.carrier_confirmation or "",
        before=card_state(renewal.before),
        after=card_state(renewal.after),
        verification_code=unguessable_code(),
        portal_address=portal_settings.address,
        language=customer.receipt_language,
    )


def card_state(held: dict[str, Any]) -> CardState:
    """Read what a card held from its snapshot."""
    until = held["valid_until"]
    return CardState(
        data_left_mb=held["data_left_mb"],
        is_unlimited=held["data_left_mb"] is None and held["data_total_mb"] is None and until is not None,
        valid_until=datetime.fromisoformat(until) if until else None,
    )


def _payment_method(renewal: Renewal) -> str:
    if not renewal.total_minor:
        return "nothing"
    link = db.session.get(PayLink, renewal.id)
    if link is None or link.payment_id is None:
        return "wallet"
    return db.session.get_one(Payment, link.payment_id).method.value


def _issuer(portal_settings: Settings) -> Issuer:
    return Issuer(
        name_zh=portal_settings.issuer_name_zh,
        name_en=portal_settings.issuer_name_en,
        address_zh=portal_settings.issuer_address_zh,
        address_en=portal_settings.issuer_address_en,
        tax_id=portal_settings.issuer_tax_id,
    )


def _lines(renewal: Renewal, plan: PlanVersion, terms: CommissionTerms) -> QuoteLines:
    return QuoteLines(
        currency=renewal.currency,
        price_minor=renewal.price_minor,
        discount_minor=renewal.discount_minor,
        promotion_code=renewal.promotion_code,
        promotion_bps=_promotion_bps(renewal),
        base_minor=renewal.base_minor,
        tax_minor=renewal.tax_minor,
        tax_bps=plan.tax_bps,
        fee_minor=renewal.fee_minor,
        fee_bps=terms.fee_bps,
        fee_fixed_minor=terms.fee_fixed_minor,
        total_minor=renewal.total_minor,
    )


def _promotion_bps(renewal: Renewal) -> int | None:
    if renewal.promotion_id is None:
        return None
    promotion = db.session.get_one(Promotion, renewal.promotion_id)
    # Where a cap held, the rate alone does not make the discount.
    is_whole_rate = round_half_up(renewal.price_minor * promotion.bps, BPS) == renewal.discount_minor
    return promotion.bps if promotion.bps and is_whole_rate else None
