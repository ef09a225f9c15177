"""What the agent earned, line by line, each with why: the rule, the base, the rate, the rounding, and from when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from flask import g, render_template, request
from flask_babel import gettext as _

from portal.agents import commission, reckoning, schemes
from portal.agents import queries as agents
from portal.agents.commission import Grounds, Rule, Scheme, Terms
from portal.agents.models import Agent, CommissionTerms
from portal.agents.reckoning import Reckoning
from portal.agents.schemes import InForce
from portal.core import clock
from portal.core.money import Money
from portal.core.pages import SHORT_PAGE_SIZE
from portal.ledger import chart
from portal.ledger import queries as books
from portal.ledger.extracts import Movement
from portal.refunds import queries as refunds
from portal.refunds.models import Dispute
from portal.renewals import earning, figures
from portal.renewals import queries as renewals
from portal.renewals.models import Renewal
from portal.web import access, filters, language
from portal.web.agent import own, words
from portal.web.agent import terms as terms_of_ours
from portal.web.agent.blueprint import blueprint


class Part(StrEnum):
    """Which part of a renewal a line is."""

    FEE = "fee"
    """What the customer pays on top."""
    SHARE = "share"
    """What the operator gives the agent."""
    OVERRIDE = "override"
    """What the operator gives the agent above."""
    DISCOUNT = "discount"
    """What a promotion takes off at the agent's own cost."""


@dataclass(frozen=True, slots=True)
class Earned:
    """One line: what it is, whose renewal, the sentences that say why; `address` is empty where no page is."""

    movement: Movement
    words: str
    reference: str
    address: str
    why: Sequence[str]


@dataclass(frozen=True, slots=True)
class Known:
    """What the lines of a page speak of, loaded at once."""

    renewals: Mapping[UUID, Renewal]
    disputes: Mapping[UUID, Dispute]
    terms: Mapping[UUID, CommissionTerms]
    schemes: Mapping[UUID, Scheme]
    rules: Mapping[UUID, Rule]
    agents: Mapping[UUID, Agent]


@dataclass(frozen=True, slots=True)
class Volume:
    """How much was delivered this month, the tier that it reached, and the next one; None where there is none."""

    delivered: Money
    extra_bps: int
    next_bps: int | None
    missing: Money | None


@blueprint.get("/earnings")
@access.agent("counter.wallet")
def earnings() -> str:
    """List what was earned in a currency and what was taken back, the latest first."""
    accounts = books.of_owner(g.agent.id, kind="commission_earned")
    shown = own.in_currency_asked_for(accounts)
    place = {name: request.args.get(name) for name in ("older", "newer")}
    page = books.statement(shown, **place, size=SHORT_PAGE_SIZE) if shown else None
    return render_template(
        "agent/earnings/show.html",
        accounts=accounts,
        account=shown,
        page=page,
        lines=_lines(page.rows) if page else [],
        month=figures.agent_figures(g.agent.id, shown.currency) if shown else None,
        volume=_volume(shown.currency) if shown else None,
    )


def _volume(currency: str) -> Volume | None:
    in_force: InForce | None = schemes.in_force(g.agent.id).get(currency)
    if in_force is None or not in_force.scheme.tiers:
        return None
    delivered = earning.delivered_minor(g.agent.id, currency, now=clock.now())
    tiers = in_force.scheme.tiers
    reached = [tier for tier in tiers if tier.from_minor <= delivered]
    following = next((tier for tier in tiers if tier.from_minor > delivered), None)
    return Volume(
        delivered=Money(delivered, currency),
        extra_bps=reached[-1].extra_bps if reached else 0,
        next_bps=following.extra_bps if following else None,
        missing=Money(following.from_minor - delivered, currency) if following else None,
    )


def _lines(movements: Sequence[Movement]) -> list[Earned]:
    known = _known(movements)
    return [_line(movement, known) for movement in movements]


def _known(movements: Sequence[Movement]) -> Known:
    disputes = refunds.disputes_by_ids({one.subject_id for one in movements if one.subject_kind == "dispute"})
    sold = {movement.subject_id for movement in movements if movement.subject_kind == "renewal"}
    found = renewals.by_ids(sold | {dispute.renewal_id for dispute in disputes.values() if dispute.renewal_id})
    terms = agents.terms_by_ids({renewal.terms_id for renewal in found.values()})
    grounds = [Grounds.of(renewal.commission) for renewal in found.values()]
    named = {one for why in grounds for one in (why.fee_rule, why.share_rule) if one is not None}
    return Known(
        renewals=found,
        disputes=disputes,
        terms=terms,
        schemes=schemes.kept(terms.values()),
        rules=schemes.rules_by_id(named),
        agents=agents.by_ids({renewal.agent_id for renewal in found.values()}),
    )


def _line(movement: Movement, known: Known) -> Earned:
    if movement.subject_id in known.disputes:
        return _disputed(movement, known.disputes[movement.subject_id], known)
    renewal = known.renewals.get(movement.subject_id)
    part = _part(movement, renewal)
    if renewal is None or part is None:
        return Earned(movement, words.movement(movement.kind), "", "", ())
    is_own = renewal.agent_id == g.agent.id
    why = _why(part, renewal, known) if movement.kind == "deliver" else _why_back(part)
    return Earned(
        movement,
        _part_words(part),
        renewal.reference,
        f"/agent/renewals/{renewal.id}" if is_own else "",  # a sub-agent's customer is no business of the one above
        why,
    )


def _disputed(movement: Movement, dispute: Dispute, known: Known) -> Earned:
    renewal = known.renewals.get(dispute.renewal_id) if dispute.renewal_id else None
    why = (
        _("What you earned on it comes back if the dispute is won.")
        if movement.kind == "dispute"
        else _("Set free again; a dispute that was lost is refunded in a line of its own.")
    )
    reference, address = (renewal.reference, f"/agent/renewals/{renewal.id}") if renewal else ("", "")
    return Earned(movement, words.movement(movement.kind), reference, address, [why])


def _why_back(part: Part) -> list[str]:
    if part is Part.DISCOUNT:
        return [_("Given again: the renewal was refunded in full.")]
    return [_("Taken back because of a refund.")]


def _part(movement: Movement, renewal: Renewal | None) -> Part | None:
    if renewal is None or movement.kind not in ("deliver", "refund"):
        return None
    if movement.counter_account == chart.ESCROW.name:
        return Part.FEE
    if movement.counter_account == chart.REVENUE.name:
        return Part.DISCOUNT
    if movement.counter_account != chart.COMMISSION_EXPENSE.name:
        return None
    return Part.SHARE if renewal.agent_id == g.agent.id else Part.OVERRIDE


def _part_words(part: Part) -> str:
    if part is Part.FEE:
        return _("Commission fee")
    if part is Part.DISCOUNT:
        return _("Promotion at your own cost")
    return _("Commission from the operator") if part is Part.SHARE else _("Sale of an agent below")


def _why(part: Part, renewal: Renewal, known: Known) -> list[str]:
    if part is Part.DISCOUNT:
        discount = _money(renewal.discount_minor, renewal.currency)
        price = _money(renewal.price_minor, renewal.currency)
        return [_("%(discount)s off the price of %(price)s, out of what you earn.", discount=discount, price=price)]
    grounds = Grounds.of(renewal.commission)
    terms = commission.applied(known.schemes[renewal.terms_id].terms, grounds)
    if part is Part.OVERRIDE:
        left = renewal.base_minor - renewal.tax_minor - renewal.share_minor
        came = reckoning.of_override(renewal.base_minor, left_minor=left, override_bps=grounds.override_bps)
        said = _("sold by %(agent)s", agent=language.name_of(known.agents[renewal.agent_id]))
    else:
        is_fee = part is Part.FEE
        came = (reckoning.of_fee if is_fee else reckoning.of_share)(renewal.base_minor, terms)
        rule_id = grounds.fee_rule if is_fee else grounds.share_rule
        said = _rule(known.rules[rule_id], renewal) if rule_id else _terms(known.terms[renewal.terms_id])
        if not is_fee and grounds.tier_from_minor is not None:
            own_bps = (
                known.schemes[renewal.terms_id].terms.share_bps if grounds.share_bps is None else grounds.share_bps
            )
            said = _tier(said, grounds, renewal, own_bps=own_bps)
    return [*_steps(came, renewal.currency, part, said=said), _payable(renewal, terms)]


def _rule(rule: Rule, renewal: Renewal) -> str:
    codes = {rule.conditions.plan_id: renewal.plan_version.code} if rule.conditions.plan_id else {}
    return _("by the rule for %(sales)s", sales=terms_of_ours.sales_words(rule.conditions, codes))


def _terms(row: CommissionTerms) -> str:
    if row.agent_id is None:
        return _("by the operator's default terms, version %(version)s", version=row.version)
    return _("by your terms, version %(version)s", version=row.version)


def _tier(said: str, grounds: Grounds, renewal: Renewal, *, own_bps: int) -> str:
    return _(
        "%(own)s %(reason)s, +%(extra)s because %(delivered)s were delivered in %(month)s (the tier from %(start)s on)",
        own=filters.percent(own_bps),
        reason=said,
        extra=filters.percent(grounds.extra_bps),
        delivered=_money(grounds.delivered_minor or 0, renewal.currency),
        month=filters.month(renewal.placed_at),
        start=_money(grounds.tier_from_minor or 0, renewal.currency),
    )


def _steps(came: Reckoning, currency: str, part: Part, *, said: str) -> list[str]:
    facts = {
        "rate": filters.percent(came.rate_bps),
        "base": _money(came.base_minor, currency),
        "amount": _money(came.part_minor, currency),
        "reason": said,
    }
    steps = [
        _("%(rate)s of %(base)s is %(amount)s, rounded half up: %(reason)s.", **facts)
        if came.is_rounded
        else _("%(rate)s of %(base)s is %(amount)s: %(reason)s.", **facts)
    ]
    if came.fixed_minor:
        steps.append(_("%(amount)s is added.", amount=_money(came.fixed_minor, currency)))
    if came.lowest_minor is not None:
        steps.append(_("Raised to the lowest fee, %(amount)s.", amount=_money(came.lowest_minor, currency)))
    if came.highest_minor is not None:
        highest = _money(came.highest_minor, currency)
        steps.append(
            _("Lowered to what is left to the operator, %(amount)s.", amount=highest)
            if part is Part.OVERRIDE
            else _("Lowered to the highest fee, %(amount)s.", amount=highest)
        )
    return steps


def _payable(renewal: Renewal, terms: Terms) -> str:
    delivered: datetime = renewal.delivered_at or renewal.placed_at
    day = filters.day(delivered + timedelta(days=terms.hold_days))
    if delivered + timedelta(days=terms.hold_days) <= clock.now():
        return _("Payable since %(day)s, %(days)s days after the delivery.", day=day, days=terms.hold_days)
    return _("Payable from %(day)s, %(days)s days after the delivery.", day=day, days=terms.hold_days)


def _money(minor: int, currency: str) -> str:
    return filters.money(Money(minor, currency))
