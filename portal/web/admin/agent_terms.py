"""What an agent earns: every version of its terms, and the next one."""

from uuid import UUID

from flask import flash, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.agents import queries, schemes, terms
from portal.agents.models import CommissionTerms
from portal.catalogue import queries as catalogue
from portal.core.db import in_transaction
from portal.web import access, acts, requests
from portal.web.admin import terms_changes
from portal.web.admin.agent_forms import TermsForm
from portal.web.admin.blueprint import blueprint

DEFAULT = "default"
"""Stands for no agent in the address: the terms of all who have none of their own."""


@blueprint.get("/agents/<agent_id>/terms")
@access.admin("agents.read")
def agent_terms(agent_id: str) -> tuple[str, int]:
    """Show every version of an agent's terms, or of the default, with the form for the next."""
    owner = owner_of(agent_id)
    form = TermsForm(formdata=None)
    standing = _standing(owner, request.args.get("currency"))
    if standing is not None:
        form.show(standing)
    return _page(owner, form)


@blueprint.post("/agents/<agent_id>/terms")
@access.admin("agents.edit")
def change_terms(agent_id: str) -> Response | tuple[str, int]:
    """Make a new version; what was sold before keeps its own."""
    owner = owner_of(agent_id)
    form = TermsForm()
    if form.validate_on_submit():
        with form.refusals():
            currency, wanted = form.terms()
            if owner is None:
                in_transaction(lambda: terms.change_default(currency=currency, terms=wanted, actor=current_user.actor))
            else:
                in_transaction(
                    lambda: terms.change(agent_id=owner, currency=currency, terms=wanted, actor=current_user.actor)
                )
            flash(_("New terms in force."), "success")
            return requests.go_to(f"/admin/agents/{agent_id}/terms?currency={currency}")
    return _page(owner, form)


@blueprint.post("/agents/<agent_id>/terms/<currency>/end")
@access.admin("agents.edit")
def end_terms(agent_id: str, currency: str) -> Response:
    """Put an agent back on the default terms in a currency."""
    owner = queries.by_id(requests.id_in_address(agent_id)).id
    return acts.do(
        lambda: terms.end_own(agent_id=owner, currency=currency, actor=current_user.actor),
        told=_("The default terms hold in %(currency)s.", currency=currency[:3]),
        back=f"/admin/agents/{agent_id}/terms",
    )


def owner_of(agent_id: str) -> UUID | None:
    """Give whose terms an address is about; None for the default.

    Raises:
        NotFound: no such agent.
    """
    return None if agent_id == DEFAULT else queries.by_id(requests.id_in_address(agent_id)).id


def _standing(owner: UUID | None, currency: str | None) -> CommissionTerms | None:
    if currency:
        return queries.own_terms(owner, currency[:3])
    current = queries.current_terms(owner)
    return current[0] if current else None


def _page(owner: UUID | None, form: TermsForm) -> tuple[str, int]:
    history = queries.terms_history(owner)
    said = schemes.of(history)
    plans = catalogue.codes_of(terms_changes.plans_of(said))
    page = render_template(
        "admin/agents/terms.html",
        agent=queries.by_id(owner) if owner else None,
        address=f"/admin/agents/{owner or DEFAULT}/terms",
        form=form,
        history=history,
        changes=terms_changes.of_versions(history, said, plans),
        currencies=[row.currency for row in queries.current_terms(owner)],
        defaults=queries.current_terms(None) if owner else [],
    )
    return page, form.status
