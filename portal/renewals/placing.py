"""Place a renewal: price it again, take the money, and leave the rest to the worker, in one short transaction."""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.agents.errors import AgentMayNotSell
from portal.agents.models import AgentStatus
from portal.cards.models import Card, CardState
from portal.catalogue.models import PlanVersion
from portal.core import clock, ids, queue
from portal.core.actor import Actor
from portal.core.db import RunAgain, Statement, after_commit, db, execute_together, value_of_last
from portal.core.errors import NotFound
from portal.core.money import Money
from portal.ledger import chart, journal
from portal.promotions import redeeming
from portal.renewals import bookkeeping, offers, quoting
from portal.renewals.errors import (
    CardNotRenewable,
    KeyReused,
    NoTerms,
    PlanNotForCard,
    QuoteChanged,
)
from portal.renewals.models import Channel
from portal.renewals.pricing import Quote


@dataclass(frozen=True, slots=True)
class Placed:
    """A renewal that stands: its id, its short reference, and what was paid."""

    id: UUID
    reference: str
    total: Money


def place(*, agent_id: UUID, card_id: UUID, signed_quote: str, idempotency_key: str, actor: Actor) -> Placed:
    """Renew a card from its agent's wallet at the price that was shown.

    The same key with the same order gives the first renewal again, however often and from wherever it is sent.
    A placed order ends the transaction that it was placed in: nothing may follow it there.

    Raises:
        QuoteChanged: the quote expired, was altered, or is not today's price; carries the new one.
        NotCovered: the wallet and its credit limit hold less than the total.
        PromotionUsedUp: the promotion or its code was used as often as it may be, since the price was shown.
        PromotionUsedByCustomer: the customer used the promotion as often as one may.
        CardNotRenewable: the card is suspended or removed.
        PlanNotForCard: the plan is retired or of another carrier.
        AgentMayNotSell: the agent is not verified.
        KeyReused: the key was used for another order.
        NotFound: no such card at this agent.
    """
    shown = quoting.read(signed_quote)
    order = Order(agent_id, card_id, shown, idempotency_key, _digest(card_id, shown), actor)
    placed = _place_as_shown(order)
    return placed or _explain(order)


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asked for, the price they saw included."""

    agent_id: UUID
    card_id: UUID
    shown: Quote
    idempotency_key: str
    digest: bytes
    actor: Actor


def _place_as_shown(order: Order) -> Placed | None:
    """Let the database write everything at once, if the card may be renewed and the shown price is still today's.

    None when something is otherwise than it was shown: nothing is written then.
    """
    shown = order.shown
    if shown.expires_at <= clock.now() or shown.card_id != order.card_id:
        return None
    renewal_id, reference = ids.new_id(), ids.reference("R")
    with journal.refusals(), redeeming.refusals():
        outcome = value_of_last(_placing(renewal_id, reference, order), done="placed")
    if outcome != "placed":
        return None
    after_commit(queue.ring)
    return Placed(renewal_id, reference, shown.total)


def _explain(order: Order) -> Placed:
    """Find out why an order was not placed: it stands already, or something refuses it."""
    offer = _load(order)
    if offer.standing_id is not None:
        return _again(offer, order.digest)
    _check_may_be_sold(offer)
    fresh = _fresh_quote(offer, order.shown)
    if order.shown.expires_at <= clock.now() or not fresh.says_the_same_as(order.shown):
        raise QuoteChanged(quote=fresh)
    # An account of it was never opened, as before the first renewal in this currency; or what refused it a moment ago
    # has just been put right.
    chart.open_accounts([chart.ESCROW, chart.agent_wallet(order.agent_id)], offer.currency)
    placed = _place_as_shown(order)
    if placed is None:
        raise RunAgain
    return placed


def _load(order: Order) -> Any:
    (found,) = execute_together(
        [
            Statement(
                """
                SELECT cards.id AS card_id, cards.customer_id, cards.state AS card_state,
                       cards.carrier AS card_carrier, agents.id AS agent_id, agents.status AS agent_status,
                       plan.id AS plan_version_id, plan.carrier, plan.currency, plans.retired_at,
                       terms.id AS terms_id,
                       standing.id AS standing_id, standing.reference, standing.total_minor,
                       standing.currency AS standing_currency, standing.request_digest
                FROM cards
                JOIN agents ON agents.id = cards.agent_id
                JOIN plan_versions offered ON offered.id = %(plan_version_id)s
                JOIN plans ON plans.id = offered.plan_id
                JOIN plan_versions plan ON plan.plan_id = plans.id AND plan.superseded_at IS NULL
                LEFT JOIN LATERAL (
                    SELECT * FROM commission_terms
                    WHERE (agent_id = agents.id OR agent_id IS NULL) AND currency = plan.currency
                          AND superseded_at IS NULL
                    ORDER BY agent_id NULLS LAST
                    LIMIT 1
                ) terms ON true
                LEFT JOIN renewals standing
                       ON standing.agent_id = agents.id AND standing.idempotency_key = %(key)s
                WHERE cards.id = %(card_id)s AND cards.agent_id = %(agent_id)s
                """,
                {
                    "card_id": order.card_id,
                    "agent_id": order.agent_id,
                    "plan_version_id": order.shown.plan_version_id,
                    "key": order.idempotency_key,
                },
            )
        ]
    )
    if not found:
        raise NotFound
    return found[0]


def _again(offer: Any, order_digest: bytes) -> Placed:
    if bytes(offer.request_digest) != order_digest:
        raise KeyReused
    return Placed(offer.standing_id, offer.reference, Money(offer.total_minor, offer.standing_currency))


def _check_may_be_sold(offer: Any) -> None:
    if offer.agent_status != AgentStatus.VERIFIED:
        raise AgentMayNotSell(status=offer.agent_status)
    if offer.card_state != CardState.ACTIVE:
        raise CardNotRenewable(state=offer.card_state)
    if offer.retired_at is not None or offer.carrier != offer.card_carrier:
        raise PlanNotForCard
    if offer.terms_id is None:
        raise NoTerms(currency=offer.currency)


def _fresh_quote(offer: Any, shown: Quote) -> Quote:
    card, plan = db.session.get_one(Card, offer.card_id), db.session.get_one(PlanVersion, offer.plan_version_id)
    return offers.quote_again(card, plan, shown, now=clock.now())


def _digest(card_id: UUID, shown: Quote) -> bytes:
    return hashlib.sha256(repr((str(card_id), *map(str, shown.promise))).encode()).digest()


_PLACE = """
    SELECT place_renewal(
        %(id)s, %(reference)s, %(agent_id)s, %(card_id)s, %(plan_version_id)s, %(terms_id)s, %(channel)s, %(source)s,
        %(price_minor)s, %(discount_minor)s, %(base_minor)s, %(tax_minor)s, %(fee_minor)s, %(share_minor)s,
        %(parent_id)s, %(override_bps)s, %(override_minor)s, %(is_first)s, %(grounds)s, %(total_minor)s, %(cost_minor)s,
        %(idempotency_key)s, %(request_digest)s, %(hold_id)s, %(hold_key)s, %(hold_digest)s, %(debited)s, %(credited)s,
        %(work_id)s, %(placed_at)s, %(actor_kind)s, %(actor_id)s, %(actor_name)s, %(address)s, %(request_id)s,
        %(promotion_id)s, %(promotion_code)s, %(redemption_id)s)
"""


def _placing(renewal_id: UUID, reference: str, order: Order) -> Statement:
    shown = order.shown
    wallet = chart.agent_wallet(order.agent_id)
    hold = bookkeeping.hold(renewal_id, source=wallet, total=shown.total)
    return Statement(
        _PLACE,
        {
            "id": renewal_id,
            "reference": reference,
            "agent_id": order.agent_id,
            "card_id": order.card_id,
            "plan_version_id": shown.plan_version_id,
            "terms_id": shown.terms_id,
            "channel": Channel.AGENT.value,
            "source": wallet.kind,
            "price_minor": shown.price_minor,
            "discount_minor": shown.discount_minor,
            "base_minor": shown.base_minor,
            "tax_minor": shown.tax_minor,
            "fee_minor": shown.fee_minor,
            "share_minor": shown.share_minor,
            "parent_id": shown.grounds.parent_id,
            "override_bps": shown.grounds.override_bps,
            "override_minor": shown.override_minor,
            "is_first": shown.grounds.is_first,
            "grounds": None if shown.grounds.is_plain else str(shown.grounds),
            "total_minor": shown.total_minor,
            "cost_minor": shown.cost_minor,
            "idempotency_key": order.idempotency_key,
            "request_digest": order.digest,
            "hold_id": ids.new_id(),
            "hold_key": hold.key,
            "hold_digest": journal.digest(hold),
            "debited": wallet.name,
            "credited": chart.ESCROW.name,
            "work_id": ids.new_id(),
            "placed_at": clock.now(),
            "promotion_id": shown.promotion_id,
            "promotion_code": shown.promotion_code,
            "redemption_id": ids.new_id() if shown.promotion_id else None,
            **order.actor.columns,
        },
    )
