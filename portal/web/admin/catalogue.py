"""The catalogue: plans with their versions, on sale and retired."""

from flask import flash, render_template
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.catalogue import exporting, plans, queries
from portal.catalogue.models import PlanVersion
from portal.core import clock
from portal.core.db import in_transaction
from portal.core.settings import current as settings
from portal.web import access, acts, downloads, requests
from portal.web.admin import filtering
from portal.web.admin.blueprint import blueprint
from portal.web.admin.catalogue_forms import NewPlanForm, PlanForm, PlansFilter


@blueprint.get("/catalogue/")
@access.admin("catalogue.read")
def catalogue() -> tuple[str, int]:
    """List plans at their current versions."""
    asked = PlansFilter()
    page = queries.matching(asked.wanted(), **filtering.keys()) if asked.validate() else None
    return render_template("admin/catalogue/list.html", asked=asked, page=page), asked.status


@blueprint.get("/catalogue/export.csv")
@access.admin("catalogue.read")
def export_catalogue() -> Response | tuple[str, int]:
    """Hand out the plans of the address as the file that importing reads."""
    asked = PlansFilter()
    if not asked.validate():
        return render_template("admin/catalogue/list.html", asked=asked, page=None), asked.status
    day = clock.today(settings().time_zone)
    return downloads.send(exporting.to_csv(asked.wanted()), name=f"catalogue-{day:%Y-%m-%d}.csv")


@blueprint.route("/catalogue/new", methods=["GET", "POST"])
@access.admin("catalogue.edit")
def new_plan() -> Response | tuple[str, int]:
    """Put a new plan on sale."""
    form = NewPlanForm()
    if form.validate_on_submit():
        with form.refusals():
            offer = form.offer()
            made = in_transaction(lambda: plans.add(code=form.code.data, offer=offer, actor=current_user.actor))
            flash(_("%(code)s is on sale.", code=made.code), "success")
            return requests.go_to(f"/admin/catalogue/{made.code}")
    return render_template("admin/catalogue/edit.html", form=form, plan=None), form.status


@blueprint.get("/catalogue/<code>")
@access.admin("catalogue.read")
def plan(code: str) -> str:
    """Show a plan and every version it had."""
    shown = queries.plan_by_code(code)
    return render_template("admin/catalogue/show.html", plan=shown, versions=queries.versions_of(shown.plan_id))


@blueprint.route("/catalogue/<code>/edit", methods=["GET", "POST"])
@access.admin("catalogue.edit")
def edit_plan(code: str) -> Response | tuple[str, int]:
    """Change a plan by a new version of it."""
    standing = queries.plan_by_code(code)
    form = PlanForm(standing=standing)
    if form.validate_on_submit():
        with form.refusals():
            made = _change(code, form)
            flash(_("Version %(version)s of %(code)s stands.", version=made.version, code=code), "success")
            return requests.go_to(f"/admin/catalogue/{code}")
    return render_template("admin/catalogue/edit.html", form=form, plan=standing), form.status


def _change(code: str, form: PlanForm) -> PlanVersion:
    offer = form.offer()
    seen = form.seen_version.data or ""
    seen_version = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 9 else None
    return in_transaction(
        lambda: plans.change(code=code, offer=offer, seen_version=seen_version, actor=current_user.actor)
    )


@blueprint.post("/catalogue/<code>/retire")
@access.admin("catalogue.edit")
def retire_plan(code: str) -> Response:
    """Take a plan off sale."""
    return acts.do(
        lambda: plans.retire(code=code, actor=current_user.actor),
        told=_("%(code)s is no longer on sale.", code=code),
        back=f"/admin/catalogue/{code}",
    )


@blueprint.post("/catalogue/<code>/restore")
@access.admin("catalogue.edit")
def restore_plan(code: str) -> Response:
    """Put a retired plan back on sale."""
    return acts.do(
        lambda: plans.restore(code=code, actor=current_user.actor),
        told=_("%(code)s is on sale.", code=code),
        back=f"/admin/catalogue/{code}",
    )
