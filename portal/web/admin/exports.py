"""An export on its way: how far it is, at an address that survives a reload, and then the file."""

from flask import render_template, send_file
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.core.errors import NotFound
from portal.exports import queries
from portal.exports.models import Export, ExportFormat
from portal.web import access, requests
from portal.web.admin.blueprint import blueprint

MIME_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@blueprint.get("/exports/")
@access.admin("transactions.export")
def exports() -> str:
    """List the visitor's latest exports."""
    return render_template("admin/exports/list.html", exports=queries.latest_of(current_user.id))


@blueprint.get("/exports/<export_id>")
@access.admin("transactions.export")
def export(export_id: str) -> str:
    """Show how far an export is; the piece that changes asks again by itself until the file is there."""
    shown = _own(export_id)
    template = "_progress" if requests.is_htmx() else "show"
    return render_template(f"admin/exports/{template}.html", export=shown)


@blueprint.get("/exports/<export_id>/file")
@access.admin("transactions.export")
def export_file(export_id: str) -> Response:
    """Hand out the file."""
    shown = _own(export_id)
    path = queries.path_of(shown)
    if not path.is_file():
        raise NotFound
    name = f"transactions-{shown.created_at:%Y%m%d-%H%M}.{shown.format.value}"
    response = send_file(path, mimetype=MIME_TYPES[shown.format], as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _own(export_id: str) -> Export:
    return queries.for_user(current_user.id, requests.id_in_address(export_id))
