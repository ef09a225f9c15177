"""A customer's receipts as files."""

from flask import make_response, render_template
from werkzeug.wrappers import Response

from portal.receipts import queries as receipts
from portal.web import access
from portal.web.customer import own
from portal.web.customer.blueprint import blueprint


@blueprint.get("/receipts/<renewal_id>.pdf")
@access.customer_only
def receipt(renewal_id: str) -> Response:
    """Send the visitor's receipt, or a page that asks for a little patience while it is being made."""
    found = own.receipt(renewal_id)
    if not found.is_ready:
        waiting = make_response(render_template("customer/receipts/waiting.html"), 409)
        waiting.headers["Retry-After"] = "3"
        return waiting
    response = make_response(receipts.file_of(found))
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{found.number}.pdf"'
    return response
