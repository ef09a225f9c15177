"""The agents' monthly statements, as the operator looks them up."""

from flask import render_template, request
from werkzeug.wrappers import Response

from portal.payouts import queries
from portal.web import access, requests, statement_files
from portal.web.admin.blueprint import blueprint


@blueprint.get("/payouts/statements")
@access.admin("payouts.read")
def payout_statements() -> str:
    """List the statements of a month, the latest unless another is asked for."""
    months = queries.months()
    asked = request.args.get("month", "")
    shown = next((month for month in months if f"{month:%Y-%m}" == asked), months[0] if months else None)
    page = (
        queries.statements_of_month(shown, older=request.args.get("older"), newer=request.args.get("newer"))
        if shown
        else None
    )
    return render_template("admin/payouts/statements.html", months=months, shown=shown, page=page)


@blueprint.get("/payouts/statements/<statement_id>.<kind>")
@access.admin("payouts.read")
def payout_statement_file(statement_id: str, kind: str) -> Response:
    """Send a statement as PDF or XLSX."""
    return statement_files.send(queries.statement(requests.id_in_address(statement_id)), kind)
