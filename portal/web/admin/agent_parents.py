"""Which agent stands above another, and what it earns on its sales."""

from flask import flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectField

from portal.agents import parents, queries
from portal.agents.models import Agent
from portal.core import ids
from portal.core.db import in_transaction
from portal.web import access, language, requests
from portal.web.admin import typed
from portal.web.admin.blueprint import blueprint
from portal.web.forms import LineField, PortalForm


class ParentForm(PortalForm):
    """The agent above, or none, and the rate it earns."""

    parent = SelectField(_l("Agent above"), default="")
    override_bps = LineField(_l("It earns, %"), max_length=7, is_required=False, default="0")

    def __init__(self, below: Agent) -> None:
        super().__init__()
        above = parents.possible_parents_of(below)
        self.parent.choices = [("", _("none")), *((str(agent.id), language.name_of(agent)) for agent in above)]
        if not self.is_submitted():
            self.parent.data = str(below.parent_id or "")
            self.override_bps.data = typed.rate_text(below.override_bps)


@blueprint.route("/agents/<agent_id>/parent", methods=["GET", "POST"])
@access.admin("agents.edit")
def agent_parent(agent_id: str) -> Response | tuple[str, int]:
    """Put an agent below another, or let it stand alone; what it sold before stays as it was."""
    shown = queries.by_id(requests.id_in_address(agent_id))
    form = ParentForm(shown)
    if form.validate_on_submit():
        with form.refusals():
            rate = typed.rate(form.override_bps.data or "0", field="override_bps")
            parent_id = ids.parse_id(form.parent.data)
            in_transaction(
                lambda: parents.set_parent(
                    queries.by_id(shown.id),
                    parent=queries.by_id(parent_id) if parent_id else None,
                    override_bps=rate,
                    actor=current_user.actor,
                )
            )
            flash(_("Saved."), "success")
            return requests.go_to(f"/admin/agents/{shown.id}")
    page = render_template("admin/agents/parent.html", agent=shown, form=form, children=parents.children_of(shown.id))
    return page, form.status
