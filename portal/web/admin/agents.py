"""Agents: the list, taking one on, and everything the operator sets for one."""

from uuid import UUID

from flask import flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.accounts import invitations
from portal.accounts import queries as accounts
from portal.accounts.models import Role
from portal.agents import parents, profile, queries, verification
from portal.agents.models import Agent, AgentStatus
from portal.agents.queries import AgentFilter
from portal.core.db import in_transaction
from portal.wallets import crediting
from portal.wallets import queries as wallets
from portal.web import access, acts, requests
from portal.web.admin import filtering
from portal.web.admin.agent_forms import DetailsForm, InviteForm, LimitForm, NewAgentForm, StatusForm
from portal.web.admin.blueprint import blueprint
from portal.web.admin.filtering import ChoiceField, FilterForm


class AgentsFilter(FilterForm):
    """Which agents to list."""

    q = filtering.text_field(_l("Name, licence, contact"))
    state = ChoiceField(_l("Status"), known=filtering.states_of(AgentStatus), any_words=_l("Any status"))

    def wanted(self) -> AgentFilter:
        """Give what to look for."""
        return AgentFilter(text=self.q.data or "", status=AgentStatus(self.state.data) if self.state.data else None)


@blueprint.get("/agents/")
@access.admin("agents.read")
def agents() -> tuple[str, int]:
    """List agents."""
    asked = AgentsFilter()
    page = queries.matching(asked.wanted(), **filtering.keys()) if asked.validate() else None
    wallets_by_agent = wallets.of_agents([agent.id for agent in page.rows]) if page else {}
    return (
        render_template("admin/agents/list.html", asked=asked, page=page, wallets_by_agent=wallets_by_agent),
        asked.status,
    )


@blueprint.route("/agents/new", methods=["GET", "POST"])
@access.admin("agents.create")
def new_agent() -> Response | tuple[str, int]:
    """Take on an agent with its first terms and credit limit."""
    form = NewAgentForm()
    if form.validate_on_submit():
        with form.refusals():
            agent_id = in_transaction(lambda: _create(form))
            flash(_("Agent created. Next, invite its owner."), "success")
            return requests.go_to(f"/admin/agents/{agent_id}#people")
    return render_template("admin/agents/new.html", form=form), form.status


def _create(form: NewAgentForm) -> UUID:
    currency, first_terms = form.terms()
    limit = form.limit(currency)
    agent = profile.create(form.details(), actor=current_user.actor, terms_by_currency={currency: first_terms})
    if limit:
        crediting.set_limit(agent_id=agent.id, limit=limit, actor=current_user.actor)
    if form.state.data != agent.status:
        verification.set_status(agent, status=AgentStatus(form.state.data), actor=current_user.actor)
    return agent.id


@blueprint.get("/agents/<agent_id>")
@access.admin("agents.read")
def agent(agent_id: str) -> tuple[str, int]:
    """Show an agent: what it is, may, earns and holds, and who its people are."""
    return _page(_agent(agent_id))


@blueprint.route("/agents/<agent_id>/edit", methods=["GET", "POST"])
@access.admin("agents.edit")
def edit_agent(agent_id: str) -> Response | tuple[str, int]:
    """Correct an agent's names, licence and contact."""
    shown = _agent(agent_id)
    form = DetailsForm(obj=shown)
    if form.validate_on_submit():
        with form.refusals():
            return acts.do(lambda: _edit(shown.id, form), told=_("Saved."), back=f"/admin/agents/{shown.id}")
    return render_template("admin/agents/edit.html", form=form, agent=shown), form.status


def _edit(agent_id: UUID, form: DetailsForm) -> None:
    profile.edit(queries.by_id(agent_id), details=form.details(), actor=current_user.actor)


@blueprint.post("/agents/<agent_id>/status")
@access.admin("agents.edit")
def set_agent_status(agent_id: str) -> Response | tuple[str, int]:
    """Verify or suspend an agent."""
    shown = _agent(agent_id)
    form = StatusForm()
    if form.validate_on_submit():
        with form.refusals():
            return acts.do(
                lambda: _set_status(shown.id, form), told=_("Status changed."), back=f"/admin/agents/{shown.id}"
            )
    return _page(shown, status_form=form)


def _set_status(agent_id: UUID, form: StatusForm) -> None:
    verification.set_status(
        queries.by_id(agent_id),
        status=AgentStatus(form.state.data),
        reason=form.reason.data or "",
        actor=current_user.actor,
    )


@blueprint.post("/agents/<agent_id>/credit-limit")
@access.admin("agents.edit")
def set_credit_limit(agent_id: str) -> Response | tuple[str, int]:
    """Set how far below zero a wallet may fall."""
    shown = _agent(agent_id)
    form = LimitForm()
    if form.validate_on_submit():
        with form.refusals():
            limit = form.limit()
            return acts.do(
                lambda: crediting.set_limit(agent_id=shown.id, limit=limit, actor=current_user.actor),
                told=_("Credit limit changed."),
                back=f"/admin/agents/{shown.id}#wallets",
            )
    return _page(shown, limit_form=form)


@blueprint.post("/agents/<agent_id>/people")
@access.admin("agents.invite")
def invite_agent_person(agent_id: str) -> Response | tuple[str, int]:
    """Invite an agent's owner or clerk by mail."""
    shown = _agent(agent_id)
    form = InviteForm()
    if form.validate_on_submit():
        with form.refusals():
            return acts.do(
                lambda: _invite(shown.id, form),
                told=_("Invitation sent to %(email)s.", email=form.email.data),
                back=f"/admin/agents/{shown.id}#people",
            )
    return _page(shown, invite_form=form)


def _invite(agent_id: UUID, form: InviteForm) -> None:
    invitations.invite(
        email=form.email.data,
        name=form.name.data,
        role=Role(form.role.data),
        agent_id=agent_id,
        language=form.language.data,
        actor=current_user.actor,
    )


def _agent(agent_id: str) -> Agent:
    return queries.by_id(requests.id_in_address(agent_id))


def _page(
    shown: Agent,
    *,
    status_form: StatusForm | None = None,
    limit_form: LimitForm | None = None,
    invite_form: InviteForm | None = None,
) -> tuple[str, int]:
    forms = (status_form or StatusForm(formdata=None), limit_form or LimitForm(formdata=None))
    invitation = invite_form or InviteForm(formdata=None)
    page = render_template(
        "admin/agents/show.html",
        agent=shown,
        parent=queries.by_id(shown.parent_id) if shown.parent_id else None,
        children=parents.children_of(shown.id),
        reachable=sorted(verification.REACHABLE[shown.status]),
        wallets=wallets.of_agent(shown.id),
        terms=queries.all_terms_in_force(shown.id),
        people=accounts.of_agent(shown.id),
        status_form=forms[0],
        limit_form=forms[1],
        invite_form=invitation,
    )
    return page, max(form.status for form in (*forms, invitation))
