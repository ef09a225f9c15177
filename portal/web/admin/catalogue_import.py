"""Import a CSV into the catalogue: bring the file, look at what would change, confirm all of it."""

from flask import flash, render_template
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.catalogue import importing, queries
from portal.catalogue.importing import Preview
from portal.catalogue.models import CatalogueImport
from portal.catalogue.sheet import COLUMNS, LARGEST_BYTES, Fault
from portal.core.db import in_transaction
from portal.web import access, requests, sentences
from portal.web.admin import changes
from portal.web.admin.blueprint import blueprint
from portal.web.admin.catalogue_forms import ApplyForm, ImportForm
from portal.web.forms import uploaded

MOST_SHOWN = 200
"""Rows of each list of a preview; a catalogue of 10,000 plans would make a page that no browser likes."""


@blueprint.route("/catalogue/import", methods=["GET", "POST"])
@access.admin("catalogue.edit")
def import_catalogue() -> Response | tuple[str, int]:
    """Take a file and lead to its preview; nothing of the catalogue changes yet."""
    form = ImportForm()
    if form.validate_on_submit():
        with form.refusals():
            content = uploaded(form.file, longest=LARGEST_BYTES)
            brought = in_transaction(lambda: importing.bring(content, actor=current_user.actor))
            return requests.go_to(f"/admin/catalogue/imports/{brought.id}")
    return render_template("admin/catalogue/import.html", form=form, columns=COLUMNS), form.status


@blueprint.get("/catalogue/imports/<import_id>")
@access.admin("catalogue.read")
def catalogue_import(import_id: str) -> tuple[str, int]:
    """Show what applying a file would do now."""
    return _page(_brought(import_id), ApplyForm(formdata=None))


@blueprint.post("/catalogue/imports/<import_id>")
@access.admin("catalogue.edit")
def apply_import(import_id: str) -> Response | tuple[str, int]:
    """Add and change all plans of the file, or none."""
    brought = _brought(import_id)
    form = ApplyForm()
    if form.validate_on_submit():
        with form.refusals():
            applied = in_transaction(
                lambda: importing.apply(brought.id, shown=form.digest.data, actor=current_user.actor)
            )
            flash(
                _("%(added)s plans added, %(changed)s changed.", added=applied.added, changed=applied.changed),
                "success",
            )
            return requests.go_to("/admin/catalogue/")
    return _page(brought, form)


def sentence_of(fault: Fault) -> str:
    """Say what is wrong with a line of the file."""
    if fault.reason == "carrier_unknown":  # a form says “choose one of the list”, which a file has not
        return _("There is no carrier “%(carrier)s” here.", carrier=fault.parts["carrier"])
    return sentences.of_reason(fault.reason, fault.parts)


def _brought(import_id: str) -> CatalogueImport:
    return queries.import_by_id(requests.id_in_address(import_id))


def _page(brought: CatalogueImport, form: ApplyForm) -> tuple[str, int]:
    preview: Preview = importing.preview(brought)
    form.digest.data = preview.digest
    page = render_template(
        "admin/catalogue/preview.html",
        brought=brought,
        preview=preview,
        form=form,
        faults=[(fault, sentence_of(fault)) for fault in preview.faults[:MOST_SHOWN]],
        changed=[
            (plan, [changes.of_field(change, plan.row.offer.currency) for change in plan.changes])
            for plan in preview.changed[:MOST_SHOWN]
        ],
        new=preview.new[:MOST_SHOWN],
        most=MOST_SHOWN,
    )
    return page, form.status
