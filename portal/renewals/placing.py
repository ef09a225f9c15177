"""Place a renewal: price it again, take the money, and leave the rest to the worker, in one short transaction."""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from portal.agents.commission import Terms
from portal.agents.errors import AgentMayNotSell
from portal.agents.models import AgentStatus
from portal.audit import log
from portal.cards.models import CardState
from portal.core import clock, ids, outbox
from portal.core.actor import Actor
from portal.core.db import RunAgain, Statement, as_one, execute_together
from portal.core.errors import NotFound
from portal.core.money import Money
from portal.ledger import chart, journal
from portal.renewals import bookkeeping, events, pricing, quoting
from portal.renewals.errors import (
    CardNotRenewable,
    KeyReused,
    NoTerms,
    PlanNotForCard,
    QuoteChanged,
)
from portal.renewals.models import Channel
from portal.renewals.pricing import PlanPrice, Quote
from portal.renewals.states import RenewalState


@dataclass(frozen=True, slots=True)
class Placed:
    """A renewal that stands: its id, its short reference, and what was paid."""

    id: UUID
    reference: str
    total: Money


def place(*, agent_id: UUID, card_id: UUID, signed_quote: str, idempotency_key: str, actor: Actor) -> Placed:
    """Renew a card from its agent's wallet at the price that was shown.

    The same key with the same order gives the first renewal again, however often and from wherever it is sent.

    Raises:
        QuoteChanged: the quote expired, was altered, or is not today's price; carries the new one.
        NotCovered: the wallet and its credit limit hold less than the total.
        CardNotRenewable: the card is suspended or removed.
        PlanNotForCard: the plan is retired or of another carrier.
        AgentMayNotSell: the agent is not verified.
        KeyReused: the key was used for another order.
        NotFound: no such card at this agent.
    """
    shown = quoting.read(signed_quote)
    order_digest = _digest(card_id, shown)
    offer = _load(agent_id=agent_id, card_id=card_id, shown=shown, idempotency_key=idempotency_key)
    if offer.standing_id is not None:
        return _again(offer, order_digest)

    _check_may_be_sold(offer)
    price = _fresh_quote(offer, shown)
    renewal_id, reference = ids.new_id(), ids.reference("R")
    books = bookkeeping.Account(
        renewal_id=renewal_id,
        currency=price.currency,
        source=chart.agent_wallet(agent_id),
        commission=chart.commission_earned(agent_id),
        carrier=chart.carrier_payable(offer.carrier),
        discount_minor=price.discount_minor,
        base_minor=price.base_minor,
        tax_minor=price.tax_minor,
        fee_minor=price.fee_minor,
        share_minor=price.share_minor,
        total_minor=price.total_minor,
        cost_minor=price.cost_minor,
    )
    hold = bookkeeping.hold(books)
    inserts = as_one(
        [
            _saving(renewal_id, reference, offer, price, order_digest, idempotency_key, actor),
            events.recording(renewal_id, RenewalState.PAID, actor=actor),
            log.recording(
                actor=actor,
                act="renewals.place",
                subject=("renewal", renewal_id),
                after={"reference": reference, "total_minor": price.total_minor, "currency": price.currency},
            ),
            outbox.adding("renewals.fulfil", renewal_id),
        ]
    )
    try:
        with journal.refusals():
            if hold.lines:
                # The wallet is locked last, so that it is held for no longer than the commit takes.
                _, posted = execute_together([inserts, journal.posting(hold)])
                journal.check(hold, posted)
            else:
                execute_together([inserts])  # a renewal that costs nothing moves nothing
    except UniqueViolation as error:
        # The same form came twice at once: from the start again, the first one stands and is found.
        raise RunAgain from error
    return Placed(renewal_id, reference, price.total)


def _load(*, agent_id: UUID, card_id: UUID, shown: Quote, idempotency_key: str) -> Any:
    (found,) = execute_together(
        [
            (
                """
                SELECT cards.id AS card_id, cards.customer_id, cards.state AS card_state,
                       cards.carrier AS card_carrier, agents.id AS agent_id, agents.status AS agent_status,
                       plan.id AS plan_version_id, plan.carrier, plan.price_minor, plan.cost_minor, plan.currency,
                       plan.tax_bps, plans.retired_at, terms.id AS terms_id, terms.version AS terms_version,
                       terms.fee_bps, terms.fee_fixed_minor, terms.fee_min_minor, terms.fee_max_minor, terms.share_bps,
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
                    "card_id": card_id,
                    "agent_id": agent_id,
                    "plan_version_id": shown.plan_version_id,
                    "key": idempotency_key,
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
    now = clock.now()
    fresh = pricing.quote(
        card_id=offer.card_id,
        plan=PlanPrice(offer.plan_version_id, offer.price_minor, offer.cost_minor, offer.currency, offer.tax_bps),
        terms_id=offer.terms_id,
        terms_version=offer.terms_version,
        terms=Terms(offer.fee_bps, offer.fee_fixed_minor, offer.fee_min_minor, offer.fee_max_minor, offer.share_bps),
        now=now,
    )
    if shown.expires_at <= now or not fresh.says_the_same_as(shown):
        raise QuoteChanged(quote=fresh)
    return fresh


def _digest(card_id: UUID, shown: Quote) -> bytes:
    return hashlib.sha256(repr((str(card_id), *map(str, shown.promise))).encode()).digest()


def _saving(
    renewal_id: UUID, reference: str, offer: Any, price: Quote, order_digest: bytes, idempotency_key: str, actor: Actor
) -> Statement:
    return (
        """
        INSERT INTO renewals (id, reference, agent_id, customer_id, card_id, plan_version_id, terms_id, channel, source,
                              state, carrier, currency, price_minor, discount_minor, base_minor, tax_minor, fee_minor,
                              share_minor, total_minor, cost_minor, idempotency_key, request_digest, placed_by,
                              placed_by_name, placed_at)
        VALUES (%(id)s, %(reference)s, %(agent_id)s, %(customer_id)s, %(card_id)s, %(plan_version_id)s, %(terms_id)s,
                %(channel)s, %(source)s, %(state)s, %(carrier)s, %(currency)s, %(price_minor)s, %(discount_minor)s,
                %(base_minor)s, %(tax_minor)s, %(fee_minor)s, %(share_minor)s, %(total_minor)s, %(cost_minor)s,
                %(idempotency_key)s, %(request_digest)s, %(placed_by)s, %(placed_by_name)s, %(placed_at)s)
        """,
        {
            "id": renewal_id,
            "reference": reference,
            "agent_id": offer.agent_id,
            "customer_id": offer.customer_id,
            "card_id": offer.card_id,
            "plan_version_id": price.plan_version_id,
            "terms_id": price.terms_id,
            "channel": Channel.AGENT.value,
            "source": "agent_wallet",
            "state": RenewalState.PAID.value,
            "carrier": offer.carrier,
            "currency": price.currency,
            "price_minor": price.price_minor,
            "discount_minor": price.discount_minor,
            "base_minor": price.base_minor,
            "tax_minor": price.tax_minor,
            "fee_minor": price.fee_minor,
            "share_minor": price.share_minor,
            "total_minor": price.total_minor,
            "cost_minor": price.cost_minor,
            "idempotency_key": idempotency_key,
            "request_digest": order_digest,
            "placed_by": actor.id,
            "placed_by_name": actor.name[:120],
            "placed_at": clock.now(),
        },
    )
