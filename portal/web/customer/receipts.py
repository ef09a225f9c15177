"""A customer's receipts as files."""

from flask import make_response, render_template
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.core.errors import NotFound
from portal.receipts import credit_notes
from portal.web import access, receipt_files, requests
from portal.web.customer import own
from portal.web.customer.blueprint import blueprint


@blueprint.get("/receipts/<renewal_id>.pdf")
@access.customer_only
def receipt(renewal_id: str) -> Response:
    """Send the visitor's receipt, or ask for patience while it is being made; with `?paper=thermal`, on a roll."""
    found = own.receipt(renewal_id)
    if not found.is_ready:
        waiting = make_response(render_template("customer/receipts/waiting.html"), 409)
        waiting.headers["Retry-After"] = "3"
        return waiting
    if receipt_files.wants_roll():
        return receipt_files.send_roll(found, back="/my/", is_kept=True)
    return receipt_files.send(found, is_kept=True)


@blueprint.get("/credit-notes/<note_id>.pdf")
@access.customer_only
def credit_note(note_id: str) -> Response:
    """Send the visitor's credit note to keep."""
    note = credit_notes.by_id(requests.id_in_address(note_id))
    if note.customer_id not in current_user.customer_ids:
        raise NotFound
    return receipt_files.send(note, is_kept=True)
