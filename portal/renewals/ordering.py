"""Order a renewal that somebody pays later, through a link: its price is fixed now, and nothing is taken yet."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from portal.audit import log
from portal.cards import queries as cards
from portal.cards.models import Card
from portal.catalogue import queries as catalogue
from portal.core import clock, ids, outbox, uniqueness
from portal.core.actor import Actor, ActorKind
from portal.core.db import db
from portal.core.money import Money
from portal.promotions import redeeming
from portal.promotions.models import Promotion
from portal.renewals import eligibility, events, offers, paying, quoting
from portal.renewals.errors import KeyReused, QuoteChanged
from portal.renewals.models import Channel, PayLink, Renewal
from portal.renewals.pricing import Quote
from portal.renewals.states import RenewalState

LINK_LIFETIME = timedelta(hours=24)
"""How long the price is kept for whoever pays: long enough to ask at home, short enough that no price grows stale."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """A renewal that stands: its id, its short reference, what is to be paid, and the code of its pay link."""

    id: UUID
    reference: str
    total: Money
    code: str


def order(*, agent_id: UUID, card_id: UUID, signed_quote: str, idempotency_key: str, actor: Actor) -> Ordered:
    """Order a renewal at the price that was shown, to be paid through its link within 24 hours.

    A customer orders through the website, anybody else at the agent's counter. The same key with the same order gives
    the first renewal again. One that costs nothing goes to the carrier at once.

    Raises:
        QuoteChanged: the quote expired, was altered, or is not today's price; carries the new one.
        CardNotRenewable: the card is suspended or removed.
        PlanNotForCard: the plan is retired or of another carrier, or no terms stand in its currency.
        AgentMayNotSell: the agent is not verified.
        PromotionUsedUp: the promotion or its code was used as often as it may be, since the price was shown.
        PromotionUsedByCustomer: the customer used the promotion as often as one may.
        KeyReused: the key was used for another order.
        NotFound: no such card at this agent.
    """
    shown = quoting.read(signed_quote)
    digest = _digest(card_id, shown)
    standing = db.session.scalar(
        select(Renewal).where(Renewal.agent_id == agent_id, Renewal.idempotency_key == idempotency_key)
    )
    if standing is not None:
        return _again(standing, digest)
    card = cards.for_agent(agent_id, card_id)
    eligibility.check(card)
    if shown.grounds.is_first:
        # Two first sales of one card at once: the second waits here, and then sees the other; as in place_renewal.sql.
        db.session.refresh(card, with_for_update={"key_share": True})
    _check_price(card, shown)
    renewal = _renewal(card, shown, actor)
    renewal.idempotency_key, renewal.request_digest = idempotency_key, digest
    db.session.add(renewal)
    # The link, the event and the work name it; and the same form may have been sent a moment ago.
    uniqueness.flush("uq_renewals_agent_id_idempotency_key")
    _redeem(renewal)
    link = PayLink(renewal_id=renewal.id, code=ids.unguessable_code(), expires_at=clock.now() + LINK_LIFETIME)
    db.session.add(link)
    events.write(renewal, actor=actor)
    log.record(
        actor=actor,
        act="renewals.order",
        subject=("renewal", renewal.id),
        after={"reference": renewal.reference, "total_minor": renewal.total_minor, "currency": renewal.currency},
    )
    if renewal.total:
        outbox.add("renewals.expire", renewal.id, wait=LINK_LIFETIME)
    else:
        paying.release(renewal, facts={})
    return _ordered(renewal, link)


def _check_price(card: Card, shown: Quote) -> None:
    plan = catalogue.version_by_id(shown.plan_version_id)
    now = clock.now()
    on_sale = offers.one(card, plan.code, now=now).plan
    fresh = offers.quote_again(card, on_sale, shown, now=now)
    if shown.expires_at <= now or not fresh.says_the_same_as(shown):
        raise QuoteChanged(quote=fresh)


def _renewal(card: Card, shown: Quote, actor: Actor) -> Renewal:
    promotion = db.session.get_one(Promotion, shown.promotion_id) if shown.promotion_id else None
    return Renewal(
        id=ids.new_id(),
        reference=ids.reference("R"),
        agent_id=card.agent_id,
        customer_id=card.customer_id,
        card_id=card.id,
        plan_version_id=shown.plan_version_id,
        terms_id=shown.terms_id,
        channel=Channel.WEBSITE if actor.kind is ActorKind.CUSTOMER else Channel.AGENT,
        source=paying.NOBODY_YET.name,
        state=RenewalState.AWAITING_PAYMENT,
        carrier=card.carrier,
        currency=shown.currency,
        price_minor=shown.price_minor,
        discount_minor=shown.discount_minor,
        base_minor=shown.base_minor,
        tax_minor=shown.tax_minor,
        fee_minor=shown.fee_minor,
        share_minor=shown.share_minor,
        parent_agent_id=shown.grounds.parent_id,
        override_minor=shown.override_minor,
        commission=None if shown.grounds.is_plain else json.loads(str(shown.grounds)),
        promotion_id=shown.promotion_id,
        promotion_code=shown.promotion_code or None,
        promotion_bearer=promotion.bearer if promotion else None,
        total_minor=shown.total_minor,
        cost_minor=shown.cost_minor,
        placed_by=actor.id,
        placed_by_name=actor.name[:120],
        placed_at=clock.now(),
    )


def _redeem(renewal: Renewal) -> None:
    if renewal.promotion_id is None:
        return
    redeeming.redeem(
        promotion_id=renewal.promotion_id,
        code=renewal.promotion_code or "",
        renewal_id=renewal.id,
        agent_id=renewal.agent_id,
        customer_id=renewal.customer_id,
        discount=Money(renewal.discount_minor, renewal.currency),
    )


def _digest(card_id: UUID, shown: Quote) -> bytes:
    # Another word in front than when the wallet pays: one key never stands for both.
    return hashlib.sha256(repr(("pay link", str(card_id), *map(str, shown.promise))).encode()).digest()


def _again(standing: Renewal, digest: bytes) -> Ordered:
    if standing.request_digest != digest:
        raise KeyReused
    return _ordered(standing, db.session.get_one(PayLink, standing.id))


def _ordered(renewal: Renewal, link: PayLink) -> Ordered:
    return Ordered(renewal.id, renewal.reference, renewal.total, link.code)
