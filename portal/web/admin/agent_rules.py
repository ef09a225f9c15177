"""The rules and tiers of an agent's terms in one currency: other rates for some sales, more from a volume on."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectField

from portal.agents import queries, rules, schemes
from portal.agents.commission import Conditions, Rule, SaleKind, Tier
from portal.agents.models import CommissionTerms
from portal.catalogue import offers
from portal.catalogue import queries as catalogue
from portal.catalogue.models import PlanVersion, Term
from portal.catalogue.queries import PlanFilter
from portal.core.errors import InvalidInput, NotFound
from portal.web import access, acts, requests, words
from portal.web.admin import agent_terms, typed
from portal.web.admin.agent_forms import check_meant, means_it_field
from portal.web.admin.blueprint import blueprint
from portal.web.forms import LineField, PortalForm, choices

ANY = {"": _l("any")}


class RuleForm(PortalForm):
    """Which sales a rule is about, and the rates it sets; what is left empty is any, or as the terms say."""

    plan = LineField(_l("Plan"), max_length=40, is_required=False)
    region = LineField(_l("Region"), max_length=2, is_required=False)
    term = SelectField(_l("Term"), choices=choices({**ANY, **words.TERMS}), default="")
    sale = SelectField(_l("Sale"), choices=choices({**ANY, **words.SALES}), default="")
    fee_bps = LineField(_l("Fee, %"), max_length=7, is_required=False)
    share_bps = LineField(_l("Our commission, %"), max_length=7, is_required=False)
    means_it = means_it_field()

    def rule(self, currency: str) -> Rule:
        """Read what was typed.

        Raises:
            InvalidInput: `rule_plan_unknown`, `region_unknown`, `rate_invalid`, `rate_unusual`.
        """
        fee_bps = typed.rate(self.fee_bps.data, field="fee_bps") if self.fee_bps.data else None
        share_bps = typed.rate(self.share_bps.data, field="share_bps") if self.share_bps.data else None
        check_meant(self, fee_bps, share_bps)
        return Rule(
            Conditions(
                plan_id=_plan_id(self.plan.data, currency) if self.plan.data else None,
                region=offers.region(self.region.data, field="region") if self.region.data else None,
                term=Term(self.term.data) if self.term.data else None,
                sale=SaleKind(self.sale.data) if self.sale.data else None,
            ),
            fee_bps=fee_bps,
            share_bps=share_bps,
        )


class TierForm(PortalForm):
    """From which delivered volume in a month how much is added to the share."""

    from_minor = LineField(_l("Delivered this month, from"), max_length=30)
    extra_bps = LineField(_l("Added to our commission, %"), max_length=7)
    means_it = means_it_field()

    def tier(self, currency: str) -> Tier:
        """Read what was typed.

        Raises:
            InvalidInput: an amount or a rate cannot be, or `rate_unusual`.
        """
        extra_bps = typed.rate(self.extra_bps.data, field="extra_bps")
        check_meant(self, extra_bps)
        return Tier(typed.amount_or_zero(self.from_minor.data, currency, field="from_minor").minor, extra_bps)


@dataclass(frozen=True, slots=True)
class Shown:
    """Whose terms are looked at: the version in force, and the address of this page."""

    owner: UUID | None
    standing: CommissionTerms
    address: str


@blueprint.get("/agents/<agent_id>/terms/<currency>")
@access.admin("agents.read")
def agent_rules(agent_id: str, currency: str) -> tuple[str, int]:
    """Show the rules and tiers in force, with a form for one more of each."""
    return _page(found(agent_id, currency))


@blueprint.post("/agents/<agent_id>/terms/<currency>/rules")
@access.admin("agents.edit")
def add_rule(agent_id: str, currency: str) -> Response | tuple[str, int]:
    """Add a rule; what was sold before keeps its own."""
    shown, form = found(agent_id, currency), RuleForm()
    if form.validate_on_submit():
        with form.refusals():
            wanted = form.rule(shown.standing.currency)
            return acts.do(lambda: rules.add(rule=wanted, **of(shown)), told=_("Rule in force."), back=shown.address)
    return _page(shown, rule_form=form)


@blueprint.post("/agents/<agent_id>/terms/<currency>/rules/<rule_id>/remove")
@access.admin("agents.edit")
def remove_rule(agent_id: str, currency: str, rule_id: str) -> Response:
    """Take a rule away; what was sold under it keeps it."""
    shown, wanted = found(agent_id, currency), requests.id_in_address(rule_id)
    known = schemes.rules_by_id([wanted])
    if wanted not in known:
        raise NotFound
    return acts.do(
        lambda: rules.remove(conditions=known[wanted].conditions, **of(shown)),
        told=_("Rule removed."),
        back=shown.address,
    )


@blueprint.post("/agents/<agent_id>/terms/<currency>/tiers")
@access.admin("agents.edit")
def add_tier(agent_id: str, currency: str) -> Response | tuple[str, int]:
    """Add a tier."""
    shown, form = found(agent_id, currency), TierForm()
    if form.validate_on_submit():
        with form.refusals():
            wanted = form.tier(shown.standing.currency)
            return acts.do(
                lambda: rules.add_tier(tier=wanted, **of(shown)), told=_("Tier in force."), back=shown.address
            )
    return _page(shown, tier_form=form)


@blueprint.post("/agents/<agent_id>/terms/<currency>/tiers/<from_minor>/remove")
@access.admin("agents.edit")
def remove_tier(agent_id: str, currency: str, from_minor: str) -> Response:
    """Take a tier away."""
    shown = found(agent_id, currency)
    if not (from_minor.isascii() and from_minor.isdigit() and len(from_minor) <= 18):
        raise NotFound
    return acts.do(
        lambda: rules.remove_tier(from_minor=int(from_minor), **of(shown)), told=_("Tier removed."), back=shown.address
    )


def found(agent_id: str, currency: str) -> Shown:
    """Give the version in force of an agent's terms, or of the default, in a currency.

    Raises:
        NotFound: there is none.
    """
    owner = agent_terms.owner_of(agent_id)
    standing = queries.own_terms(owner, currency[:3])
    if standing is None:
        raise NotFound
    return Shown(owner, standing, f"/admin/agents/{owner or agent_terms.DEFAULT}/terms/{standing.currency}")


def of(shown: Shown) -> dict[str, Any]:
    """Say whose rules are changed, and by whom."""
    return {"agent_id": shown.owner, "currency": shown.standing.currency, "actor": current_user.actor}


def _plan_id(code: str, currency: str) -> UUID:
    plan = catalogue.current_by_code([code.upper()]).get(code.upper())
    if plan is None or plan.currency != currency:
        raise InvalidInput(field="plan", reason="rule_plan_unknown", currency=currency)
    return plan.plan_id


def _page(shown: Shown, *, rule_form: RuleForm | None = None, tier_form: TierForm | None = None) -> tuple[str, int]:
    rule, tier = rule_form or RuleForm(formdata=None), tier_form or TierForm(formdata=None)
    plans: list[PlanVersion] = list(
        catalogue.all_matching(PlanFilter(currency=shown.standing.currency, is_retired=None))
    )
    page = render_template(
        "admin/agents/rules.html",
        agent=queries.by_id(shown.owner) if shown.owner else None,
        shown=shown,
        scheme=schemes.of([shown.standing])[shown.standing.id],
        plans={plan.plan_id: plan for plan in plans},
        rule_form=rule,
        tier_form=tier,
    )
    return page, max(rule.status, tier.status)
