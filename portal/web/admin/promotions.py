"""Promotions: what runs, how often each was used, and the codes that were made for it."""

import csv
import io

from flask import render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.agents import queries as agents
from portal.catalogue import queries as catalogue
from portal.core import clock
from portal.core.db import in_transaction
from portal.promotions import beginning, codes, queries
from portal.promotions.models import Promotion
from portal.promotions.queries import Uses
from portal.web import access, acts, downloads, limits, requests
from portal.web.admin import filtering
from portal.web.admin.blueprint import blueprint
from portal.web.admin.promotion_forms import BEARERS, KINDS, BulkForm, CodeForm, PromotionForm, PromotionsFilter
from portal.web.sentences import Words

STATES: dict[str, tuple[Words, str]] = {
    "ended": (_l("ended"), "bad"),
    "over": (_l("over"), ""),
    "coming": (_l("still to come"), "busy"),
    "used_up": (_l("used up"), "care"),
    "running": (_l("running"), "good"),
}
"""State -> words and tone."""


@blueprint.get("/promotions/")
@access.admin("promotions.read")
def promotions() -> tuple[str, int]:
    """List promotions with their uses."""
    asked = PromotionsFilter()
    page, uses = None, {}
    if asked.validate():
        page = queries.page(text=asked.q.data or "", is_open_at=asked.is_open_at, **filtering.keys())
        uses = queries.uses_of([row.id for row in page.rows])
    return render_template(
        "admin/promotions/list.html", asked=asked, page=page, uses=uses, state_of=state_of, kinds=KINDS
    ), asked.status


@blueprint.route("/promotions/new", methods=["GET", "POST"])
@access.admin("promotions.edit")
def new_promotion() -> Response | tuple[str, int]:
    """Begin a promotion."""
    form = PromotionForm()
    if form.validate_on_submit():
        with form.refusals():
            terms = form.terms()
            made = in_transaction(lambda: beginning.begin(terms, actor=current_user.actor))
            return requests.go_to(f"/admin/promotions/{made.id}")
    return render_template("admin/promotions/new.html", form=form), form.status


@blueprint.get("/promotions/<promotion_id>")
@access.admin("promotions.read")
def promotion(promotion_id: str) -> str:
    """Show one promotion: its terms, its uses and its codes."""
    return _page(_asked(promotion_id), CodeForm(), BulkForm())


@blueprint.post("/promotions/<promotion_id>/end")
@access.admin("promotions.edit")
def end_promotion(promotion_id: str) -> Response:
    """End a promotion before its time."""
    ending = _asked(promotion_id)
    return acts.do(
        lambda: beginning.end(ending.id, actor=current_user.actor),
        told=_("The promotion is ended. What was sold under it stays as it is."),
        back=f"/admin/promotions/{ending.id}",
    )


@blueprint.post("/promotions/<promotion_id>/codes")
@access.admin("promotions.edit")
def add_promotion_code(promotion_id: str) -> Response | tuple[str, int]:
    """Give a promotion a code that people can remember."""
    shown, form = _asked(promotion_id), CodeForm()
    if form.validate_on_submit():
        with form.refusals():
            uses = form.uses()
            return acts.do(
                lambda: codes.add(shown.id, code=form.code.data, max_uses=uses, actor=current_user.actor),
                told=_("The code can be used now."),
                back=f"/admin/promotions/{shown.id}",
            )
    return _page(shown, form, BulkForm(formdata=None)), form.status


@blueprint.post("/promotions/<promotion_id>/codes/many")
@access.admin("promotions.edit")
@limits.exports
def make_promotion_codes(promotion_id: str) -> Response | tuple[str, int]:
    """Make codes in bulk, each for one use."""
    shown, form = _asked(promotion_id), BulkForm()
    if form.validate_on_submit():
        with form.refusals():
            count = form.number()
            return acts.do(
                lambda: codes.make(shown.id, count=count, actor=current_user.actor),
                told=_("%(count)s codes are made. Download them as CSV.", count=count),
                back=f"/admin/promotions/{shown.id}",
            )
    return _page(shown, CodeForm(formdata=None), form), form.status


@blueprint.get("/promotions/<promotion_id>/codes.csv")
@access.admin("promotions.edit")
def promotion_codes_file(promotion_id: str) -> Response:
    """Hand out every code of a promotion; whoever holds the file can use them."""
    shown = _asked(promotion_id)
    text = io.StringIO()
    sheet = csv.writer(text)
    sheet.writerow(["code", "uses", "used"])
    for row in queries.all_codes(shown.id):
        is_counted = row.max_uses is not None
        sheet.writerow([codes.shown(row.code), row.max_uses if is_counted else "", row.used if is_counted else ""])
    return downloads.send(text.getvalue(), name=f"promotion-codes-{shown.id}.csv")


def state_of(shown: Promotion, uses: Uses) -> tuple[Words, str]:
    """Say how a promotion stands now, with its tone."""
    now = clock.now()
    if shown.ended_at is not None:
        return STATES["ended"]
    if shown.ends_at is not None and shown.ends_at <= now:
        return STATES["over"]
    if shown.starts_at > now:
        return STATES["coming"]
    is_used_up = shown.total_limit is not None and uses.count >= shown.total_limit
    return STATES["used_up" if is_used_up else "running"]


def _asked(promotion_id: str) -> Promotion:
    return queries.by_id(requests.id_in_address(promotion_id))


def _page(shown: Promotion, code_form: CodeForm, bulk_form: BulkForm) -> str:
    uses = queries.uses_of([shown.id])[shown.id]
    plans = catalogue.codes_of([*shown.plan_ids, *([shown.priced_as_plan_id] if shown.priced_as_plan_id else [])])
    return render_template(
        "admin/promotions/show.html",
        promotion=shown,
        state=state_of(shown, uses),
        kind=KINDS[shown.kind.value],
        bearer=BEARERS[shown.bearer.value],
        uses=uses,
        plans=plans,
        agents=agents.by_ids(shown.agent_ids),
        codes=None if shown.is_automatic else queries.codes_page(shown.id, **filtering.keys()),
        written=codes.shown,
        code_form=code_form,
        bulk_form=bulk_form,
    )
