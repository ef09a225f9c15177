"""The terms that the agent sells under, to read: what it earns, by which rules, from which volume, and from when."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from flask import g, render_template

from portal.agents import queries as agents
from portal.agents import schemes
from portal.agents.commission import Conditions, Rule, Scheme
from portal.agents.models import CommissionTerms
from portal.catalogue import queries as catalogue
from portal.web import access, regions
from portal.web.agent import own
from portal.web.agent.blueprint import blueprint
from portal.web.words import SALES, TERMS


@dataclass(frozen=True, slots=True)
class Particular:
    """A rule, and the sales that it is about in words."""

    sales: str
    rule: Rule


@blueprint.get("/terms")
@access.agent("counter.wallet")
def terms() -> str:
    """Show the terms in force in a currency: the agent's own, or the operator's default."""
    rows = agents.all_terms_in_force(g.agent.id)
    shown: CommissionTerms | None = own.in_currency_asked_for(rows)
    scheme = schemes.of([shown])[shown.id] if shown else None
    return render_template(
        "agent/terms/show.html",
        currencies=[row.currency for row in rows],
        shown=shown,
        scheme=scheme,
        rules=_particular(scheme) if scheme else [],
    )


def sales_words(asked: Conditions, codes: Mapping[UUID, str]) -> str:
    """Say which sales a rule is about; `codes` names plans by their ids."""
    named = [
        codes.get(asked.plan_id, "") if asked.plan_id else "",
        regions.name(asked.region) if asked.region else "",
        str(TERMS[asked.term]) if asked.term else "",
        str(SALES[asked.sale]) if asked.sale else "",
    ]
    return " · ".join(name for name in named if name)


def _particular(scheme: Scheme) -> list[Particular]:
    """List the rules in the order in which a sale tries them."""
    ranked = scheme.most_particular_first
    codes = catalogue.codes_of({rule.conditions.plan_id for rule in ranked if rule.conditions.plan_id})
    return [Particular(sales_words(rule.conditions, codes), rule) for rule in ranked]
